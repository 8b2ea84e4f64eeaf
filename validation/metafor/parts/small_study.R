# small_study.json: tests made for counts, and selection models. Peters' and Harbord's regressions
# are stated here from their articles with R's lm; Harbord's odds-ratio form is also regtest on
# Peto's one-step effects, whose (O - E) / V and 1 / V are the score over its variance.

count_sets <- c("dat.bcg", "dat.egger2001", "dat.viechtbauer2021", "dat.linde2005", "dat.hine1989", "dat.yusuf1985")

slope_fields <- function(fit, predictor) {
  found <- coef(summary(fit))
  list(slope = num(found[predictor, 1]), slope_se = num(found[predictor, 2]), statistic = num(found[predictor, 3]),
       p_value = num(found[predictor, 4]), limit = num(found["(Intercept)", 1]), limit_se = num(found["(Intercept)", 2]),
       df = num(fit$df.residual))
}

informative <- function(d) {
  total <- d$events_t + d$events_c
  d[stats::complete.cases(d[c("events_t", "n_t", "events_c", "n_c")]) & total > 0 & total < d$n_t + d$n_c, ]
}

harbord_fields <- function(d) {
  effect <- metafor::escalc(measure = "PETO", ai = events_t, n1i = n_t, ci = events_c, n2i = n_c, data = d, to = "none")
  found <- regtest(rma(yi, vi, data = effect, method = "EE"), model = "lm")
  list(statistic = num(found$zval), df = num(found$dfs), p_value = num(found$pval), limit = num(found$est))
}

peters_fields <- function(d, measure) {
  effect <- metafor::escalc(measure = measure, ai = events_t, n1i = n_t, ci = events_c, n2i = n_c, data = d)
  events <- d$events_t + d$events_c
  size <- d$n_t + d$n_c
  x <- 1 / size
  fit <- lm(as.numeric(effect$yi) ~ x, weights = 1 / (1 / events + 1 / (size - events)))
  slope_fields(fit, "x")
}

arcsine_fields <- function(d, method) {
  effect <- metafor::escalc(measure = "AS", ai = events_t, n1i = n_t, ci = events_c, n2i = n_c, data = d)
  fit <- tight_rma(as.numeric(effect$yi), effect$vi, method = "REML")
  if (method == "begg") {
    found <- ranktest(fit)
    return(list(tau = num(found$tau), p_value = num(found$pval)))
  }
  found <- regtest(fit, model = if (method == "egger") "lm" else "rma")
  list(statistic = num(found$zval), df = num(found$dfs), p_value = num(found$pval), limit = num(found$est))
}

count_records <- function(sets) {
  out <- list()
  for (name in intersect(count_sets, names(sets))) {
    d <- informative(as.data.frame(sets[[name]]$columns))
    add <- function(test, option, expr) {
      head <- list(id = slug(test, name, option), kind = test, dataset = name, option = option, rows = arr(as.integer(rownames(d))))
      out[[length(out) + 1L]] <<- record(head, attempt(expr), identity)
    }
    add("harbord", "OR", harbord_fields(d))
    for (measure in c("OR", "RR")) add("peters", measure, peters_fields(d, measure))
    for (method in c("egger", "begg", "thompson")) add("arcsine", method, arcsine_fields(d, method))
  }
  out
}

# Selection models by nlminb with the tightest limit that it accepts; integrals to a relative 1e-11.
selection_effects <- function(name) {
  get_set <- function(n) get(n, envir = asNamespace("metadat"))
  switch(name,
    dat.baskerville2012 = { d <- get_set(name); list(y = d$smd, v = d$se^2) },
    dat.hackshaw1998 = { d <- get_set(name); list(y = d$yi, v = d$vi) },
    dat.raudenbush1985 = { d <- get_set(name); list(y = d$yi, v = d$vi) },
    dat.bangertdrowns2004 = { d <- get_set(name); list(y = d$yi, v = d$vi) },
    dat.cohen1981 = { d <- metafor::escalc(measure = "ZCOR", ri = ri, ni = ni, data = get_set(name)); list(y = as.numeric(d$yi), v = d$vi) },
    dat.hahn2001 = { d <- metafor::escalc(measure = "OR", ai = ai, n1i = n1i, ci = ci, n2i = n2i, data = get_set(name), drop00 = TRUE)
                     list(y = as.numeric(d$yi)[!is.na(d$yi)], v = d$vi[!is.na(d$yi)]) },
    dat.dorn2007 = { d <- metafor::escalc(measure = "RR", ai = x.a, n1i = n.a, ci = x.p, n2i = n.p, data = get_set(name)); list(y = as.numeric(d$yi), v = d$vi) })
}

vevea_woods <- list(
  steps = c(0.005, 0.01, 0.05, 0.10, 0.25, 0.35, 0.50, 0.65, 0.75, 0.90, 0.95, 0.99, 0.995, 1),
  moderate_one = c(1, 0.99, 0.95, 0.80, 0.75, 0.65, 0.60, 0.55, 0.50, 0.50, 0.50, 0.50, 0.50, 0.50),
  severe_one = c(1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.40, 0.35, 0.30, 0.25, 0.10, 0.10, 0.10, 0.10),
  moderate_two = c(1, 0.99, 0.95, 0.90, 0.80, 0.75, 0.60, 0.60, 0.75, 0.80, 0.90, 0.95, 0.99, 1.00),
  severe_two = c(1, 0.99, 0.90, 0.75, 0.60, 0.50, 0.25, 0.25, 0.50, 0.60, 0.75, 0.90, 0.99, 1.00))

# data set, method, type, alternative, steps, weights, precision
selection_cases <- function() {
  smooth <- c("beta", "halfnorm", "negexp", "logistic", "power")
  cases <- list()
  add <- function(...) cases[[length(cases) + 1L]] <<- list(...)
  for (d in c("dat.baskerville2012", "dat.hackshaw1998", "dat.dorn2007")) for (t in smooth) add(d, "ML", t, "greater", NULL, NULL, NULL)
  for (t in smooth[-1]) {
    add("dat.hahn2001", "EE", t, "less", NULL, NULL, NULL)
    add("dat.hahn2001", "EE", t, "less", NULL, NULL, "sei")
    add("dat.baskerville2012", "ML", t, "greater", 0.025, NULL, NULL)
  }
  add("dat.hackshaw1998", "ML", "stepfun", "greater", c(0.025, 0.10, 0.50, 1), NULL, NULL)
  for (d in c("dat.baskerville2012", "dat.hackshaw1998", "dat.bangertdrowns2004", "dat.dorn2007")) {
    for (m in c("ML", "EE")) add(d, m, "stepfun", "greater", 0.025, NULL, NULL)
  }
  add("dat.raudenbush1985", "ML", "stepfun", "greater", 0.5, NULL, NULL)
  add("dat.bangertdrowns2004", "ML", "stepfun", "two.sided", c(0.05, 0.5), NULL, NULL)
  add("dat.bangertdrowns2004", "ML", "negexp", "two.sided", NULL, NULL, NULL)
  for (w in names(vevea_woods)[-1]) add("dat.cohen1981", "ML", "stepfun", "greater", vevea_woods$steps, w, NULL)
  cases
}

selection_fit <- function(case) {
  e <- selection_effects(case[[1]])
  fit <- tight_rma(e$y, e$v, method = case[[2]])
  args <- list(fit, type = case[[3]], alternative = case[[4]])
  if (!is.null(case[[5]])) args$steps <- case[[5]]
  if (!is.null(case[[6]])) args$delta <- vevea_woods[[case[[6]]]]
  if (!is.null(case[[7]])) { args$prec <- case[[7]]; args$scaleprec <- FALSE }
  # nlminb reports "false convergence" where no step can lower the deviance any more: then a wider limit.
  for (limit in c(1e-11, 1e-10, 1e-8)) {
    control <- list(optimizer = "nlminb", rel.tol = limit, x.tol = 1e-10, iter.max = 2000, eval.max = 4000)
    if (case[[3]] != "stepfun") control$intCtrl <- list(rel.tol = 1e-11, subdivisions = 1000L)
    fit <- tryCatch(do.call(selmodel, c(args, list(control = control))), error = identity)
    if (!inherits(fit, "error")) break
    if (!grepl("converge", conditionMessage(fit))) break
  }
  if (inherits(fit, "error")) stop(fit)
  fit$used_limit <- limit
  fit
}

selection_fields <- function(case) {
  e <- selection_effects(case[[1]])
  s <- selection_fit(case)
  list(y = arr(e$y), v = arr(e$v), estimate = num(s$beta), std_error = num(s$se), ci_low = num(s$ci.lb), ci_high = num(s$ci.ub),
       tau2 = num(s$tau2), se_tau2 = num(s$se.tau2), delta = arr(s$delta), se_delta = arr(s$se.delta), log_likelihood = num(logLik(s)),
       lrt = num(s$LRT), lrt_df = num(s$LRTdf), lrt_p = num(s$LRTp), used_limit = s$used_limit)
}

selection_records <- function() {
  lapply(selection_cases(), function(case) {
    steps <- if (is.null(case[[6]])) case[[5]] else "woods"
    head <- list(id = slug("selection", case[[1]], case[[2]], case[[3]], case[[4]], steps, case[[6]], case[[7]]), kind = "selection",
                 dataset = case[[1]], method = case[[2]], type = case[[3]], alternative = case[[4]], steps = arr(case[[5]]),
                 weights = arr(if (is.null(case[[6]])) NULL else vevea_woods[[case[[6]]]]), precision = case[[7]])
    record(head, attempt(selection_fields(case)), identity)
  })
}

small_study_records <- function(sets) c(count_records(sets), selection_records())

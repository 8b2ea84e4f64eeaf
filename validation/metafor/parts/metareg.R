# metareg.json: meta-regression, subgroups and exact permutation tests.

# `new` gives rows of moderator values, in the order of the design's columns without the
# intercept. Its numbers lie inside the data except the last row, which extrapolates.
metareg_questions <- function(sets) {
  ask <- function(name, measure, label, formula, new, methods = "all") {
    list(name = name, measure = measure, label = label, formula = formula, new = new, methods = methods)
  }
  list(
    ask("dat.bcg", "RR", "ablat", ~ ablat, cbind(c(0, 33.46, 60))),
    ask("dat.bcg", "RR", "ablat+year", ~ ablat + year, cbind(c(13, 44, 60), c(1950, 1970, 1990))),
    ask("dat.bcg", "RR", "alloc", ~ alloc, cbind(c(0, 1, 0), c(0, 0, 1))),
    ask("dat.bcg", "RR", "alloc-1", ~ alloc - 1, rbind(c(1, 0, 0), c(0, 0, 1))),
    ask("dat.bcg", "RR", "ablat*random", ~ ablat * I(as.numeric(alloc == "random")), cbind(c(20, 50), c(1, 0), c(20, 0))),
    ask("dat.bcg", "OR", "ablat", ~ ablat, cbind(c(0, 33.46, 60))),
    ask("dat.viechtbauer2021", "OR", "dose", ~ dose, cbind(c(25, 100, 300))),
    ask("dat.viechtbauer2021", "OR", "dose+dose2", ~ dose + I(dose^2), cbind(c(25, 100, 300), c(25, 100, 300)^2)),
    ask("dat.linde2005", "RR", "group", ~ factor(group), rbind(c(0, 0, 0), c(1, 0, 0), c(0, 0, 1))),
    ask("dat.linde2005", "RR", "baseline+duration", ~ baseline + duration, cbind(c(20, 23), c(6, 8))),
    ask("dat.raudenbush1985", "GEN", "weeks", ~ weeks, cbind(c(0, 1, 3, 24))),
    ask("dat.raudenbush1985", "GEN", "tester", ~ tester, cbind(c(0, 1))),
    ask("dat.raudenbush1985", "GEN", "weeks*tester", ~ weeks * tester, cbind(c(0, 3), c(1, 1), c(0, 3))),
    ask("dat.bangertdrowns2004", "GEN", "length+feedback", ~ length + feedback, cbind(c(5, 15), c(0, 1))),
    ask("dat.bangertdrowns2004", "GEN", "grade", ~ factor(grade), rbind(c(0, 0, 0), c(0, 0, 1))),
    ask("dat.pignon2000", "GEN", "group", ~ factor(group), rbind(c(0, 0), c(0, 1))),
    ask("dat.debruin2009", "PLO", "scq", ~ scq, cbind(c(5, 20, 40))),
    ask("dat.molloy2014", "ZCOR", "meanage", ~ meanage, cbind(c(25, 60))),
    ask("dat.molloy2014", "ZCOR", "design+quality", ~ design + quality, cbind(c(0, 1), c(1, 4))),
    ask("dat.mcdaniel1994", "ZCOR", "type", ~ type, rbind(c(0, 0), c(1, 0)), c("DL", "REML")),
    ask("dat.curtis1998", "ROM", "method", ~ method, rbind(c(0, 0), c(1, 0)), c("DL", "REML", "ML")),
    ask("dat.gibson2002", "SMD", "type", ~ type, cbind(c(1, 4))),
    ask("dat.dorn2007", "RR", "days", ~ days, cbind(c(14, 126))))
}

metareg_methods <- c("common", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM", "GENQ")
metareg_tests <- c("z", "t", "knha", "adhoc")

# The complete cases: metafor drops a row with a missing moderator, and so do we here.
metareg_data <- function(set, question) {
  effect <- pair_effect(set, question$measure)
  frame <- set$columns[effect$rows, , drop = FALSE]
  design <- model.matrix(question$formula, model.frame(question$formula, frame, na.action = na.pass))
  keep <- complete.cases(design)
  list(yi = effect$yi[keep], vi = effect$vi[keep], rows = effect$rows[keep], design = design[keep, , drop = FALSE])
}

metareg_fit <- function(d, method, test, tau2 = NULL) {
  code <- if (method == "common") "EE" else method
  args <- list(d$yi, d$vi, mods = d$design, intercept = FALSE, method = code, test = test)
  if (method == "GENQ") args$weights <- 1 / sqrt(d$vi)
  do.call(tight_rma, args)
}

new_rows <- function(question, design) {
  if (colnames(design)[1] == "(Intercept)") cbind(1, question$new) else question$new
}

# QM tests all coefficients but the intercept.
metareg_fields <- function(fit, question, d) {
  tested <- which(colnames(d$design) != "(Intercept)")
  omnibus <- anova(fit, btt = tested)
  predicted <- predict(fit, newmods = question$new) # metafor adds the intercept itself
  list(
    coef = arr(fit$beta), std_error = arr(fit$se), statistic = arr(fit$zval), df = num(fit$ddf)[1], p_value = arr(fit$pval),
    ci_low = arr(fit$ci.lb), ci_high = arr(fit$ci.ub), vcov = mat(unname(fit$vb)),
    tau2 = num(fit$tau2), tau2_se = num(fit$se.tau2), i2 = num(fit$I2), h2 = num(fit$H2),
    q = num(fit$QE), q_df = fit$k - fit$p, q_p = num(fit$QEp),
    qm = num(omnibus$QM), qm_df = arr(omnibus$QMdf), qm_p = num(omnibus$QMp), k = fit$k,
    loglik_ml = fit$fit.stats["ll", "ML"], loglik_reml = fit$fit.stats["ll", "REML"],
    predict = list(x = mat(unname(new_rows(question, d$design))), estimate = arr(predicted$pred), std_error = arr(predicted$se),
                   ci_low = arr(predicted$ci.lb), ci_high = arr(predicted$ci.ub), pi_low = arr(predicted$pi.lb), pi_high = arr(predicted$pi.ub)))
}

# Share of tau2 that the moderators explain, from the fit with and without them.
r_squared <- function(d, method) {
  if (method == "common" || colnames(d$design)[1] != "(Intercept)") return(NULL)
  bare <- metareg_fit(list(yi = d$yi, vi = d$vi, design = d$design[, 1, drop = FALSE]), method, "z")$tau2
  full <- metareg_fit(d, method, "z")$tau2
  if (bare > 0) max(0, 100 * (bare - full) / bare) else NA_real_
}

metareg_record <- function(question, d, method, test) {
  head <- list(id = slug(question$name, question$measure, question$label, method, test), kind = "regression", dataset = question$name,
               measure = question$measure, moderators = question$label, method = method, test = test,
               rows = arr(d$rows), columns = arr(colnames(d$design)))
  if (method == "REML" && test == "z") head$design <- mat(unname(d$design))
  tried <- attempt(metareg_fit(d, method, test))
  record(head, tried, function(fit) {
    fields <- metareg_fields(fit, question, d)
    fields$r2 <- attempt(r_squared(d, method))$value
    fields
  })
}

metareg_records <- function(sets) {
  out <- list()
  for (question in metareg_questions(sets)) {
    d <- metareg_data(sets[[question$name]], question)
    methods <- if (identical(question$methods, "all")) metareg_methods else question$methods
    for (method in methods) for (test in metareg_tests) {
      out[[length(out) + 1L]] <- metareg_record(question, d, method, test)
    }
  }
  c(out, subgroup_records(sets), permutation_records(sets))
}

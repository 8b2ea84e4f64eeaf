# diagnostics.json: one record a question (kind) and fit. Case numbers are 1-based and count
# the complete studies, whose rows in the data set stand in `rows` of the "fit" record.

diagnostic_cases <- list(
  list("dat.bcg", "RR", "REML", "z"), list("dat.bcg", "RR", "DL", "z"), list("dat.bcg", "RR", "common", "z"), list("dat.bcg", "RR", "REML", "knha"),
  list("dat.hackshaw1998", "GEN", "REML", "z"), list("dat.hackshaw1998", "GEN", "DL", "z"), list("dat.hackshaw1998", "GEN", "common", "z"),
  list("dat.egger2001", "OR", "DL", "z"), list("dat.egger2001", "OR", "common", "z"), list("dat.raudenbush1985", "GEN", "REML", "z"),
  list("dat.raudenbush1985", "GEN", "PM", "knha"), list("dat.bangertdrowns2004", "GEN", "REML", "z"), list("dat.viechtbauer2021", "OR", "REML", "z"),
  list("dat.linde2005", "RR", "DL", "z"), list("dat.normand1999", "SMD", "REML", "t"), list("dat.normand1999", "MD", "DL", "z"),
  list("dat.molloy2014", "ZCOR", "ML", "z"), list("dat.debruin2009", "PLO", "REML", "z"), list("dat.hart1999", "IRR", "REML", "z"),
  list("dat.nielweise2008", "IRR", "DL", "z"), list("dat.pritz1997", "PFT", "SJ", "z"))

case_sizes <- function(set, rows) {
  d <- set$columns[rows, , drop = FALSE]
  if (!is.null(d$n)) return(d$n)
  if (!is.null(d$n_t)) return(d$n_t + d$n_c)
  NULL
}

case_fit <- function(set, case) {
  effect <- pair_effect(set, case[[2]])
  args <- list(effect$yi, effect$vi, method = if (case[[3]] == "common") "EE" else case[[3]], test = case[[4]])
  args$ni <- case_sizes(set, effect$rows)
  list(fit = do.call(tight_rma, args), effect = effect, set = set)
}

columns_of <- function(x, names) setNames(lapply(names, function(n) arr(as.numeric(x[[n]]))), names)

rerun_fields <- function(x) {
  p <- if (is.null(x$pval)) x$pvals else x$pval
  list(estimate = arr(as.numeric(x$estimate)), std_error = arr(x$se), statistic = arr(x$zval), p_value = arr(p), ci_low = arr(x$ci.lb),
       ci_high = arr(x$ci.ub), q = arr(x$Q), q_p = arr(x$Qp), tau2 = arr(x$tau2), i2 = arr(x$I2), h2 = arr(x$H2))
}

# By year where the data have one, else in the order of the rows.
cumulative_fields <- function(case) {
  year <- case$set$columns$year[case$effect$rows]
  by <- if (is.null(year)) seq_along(case$effect$yi) else year
  c(list(order = arr(order(by))), rerun_fields(do.call(metafor::cumul, list(case$fit, order = by))))
}

influence_fields <- function(fit) {
  found <- influence(fit)
  c(setNames(columns_of(found$inf, c("rstudent", "dffits", "cook.d", "cov.r", "tau2.del", "QE.del", "hat", "weight")),
             c("rstudent", "dffits", "cooks_distance", "cov_ratio", "tau2_deleted", "q_deleted", "hat", "weight")),
    list(dfbetas = mat(unname(as.matrix(as.data.frame(found$dfbs)))), influential = arr(found$is.infl)))
}

residual_fields <- function(fit) {
  internal <- rstandard(fit)
  external <- rstudent(fit)
  list(rstandard = arr(internal$z), rstandard_resid = arr(internal$resid), rstandard_se = arr(internal$se),
       rstudent = arr(external$z), rstudent_resid = arr(external$resid), rstudent_se = arr(external$se))
}

baujat_fields <- function(fit) {
  grDevices::pdf(NULL)
  on.exit(grDevices::dev.off())
  points <- baujat(fit)
  list(x = arr(points$x), y = arr(points$y))
}

shrunken_fields <- function(fit) {
  both <- list(blup = blup(fit), ranef = ranef(fit))
  lapply(both, function(b) list(estimate = arr(as.numeric(b$pred)), std_error = arr(b$se), pi_low = arr(b$pi.lb), pi_high = arr(b$pi.ub)))
}

henmi_copas_fields <- function(fit) {
  scale <- fit$se
  found <- hc(fit, control = list(tol = 1e-12 * scale, maxiter = 10000))
  list(estimate = num(found$beta), std_error = num(found$se), ci_low = num(found$ci.lb), ci_high = num(found$ci.ub), tau2 = num(found$tau2))
}

# kind -> function(case) -> fields
diagnostic_kinds <- list(
  fit = function(case) list(rows = arr(case$effect$rows), estimate = num(case$fit$beta), std_error = case$fit$se, tau2 = case$fit$tau2),
  leave_one_out = function(case) rerun_fields(leave1out(case$fit)),
  cumulative = cumulative_fields,
  influence = function(case) influence_fields(case$fit),
  residuals = function(case) residual_fields(case$fit),
  baujat = function(case) baujat_fields(case$fit),
  shrunken = function(case) shrunken_fields(case$fit),
  henmi_copas = function(case) henmi_copas_fields(case$fit))

case_head <- function(case, kind, ...) {
  list(id = slug(kind, case[[1]], case[[2]], case[[3]], case[[4]], ...), kind = kind, dataset = case[[1]], measure = case[[2]],
       method = case[[3]], test = case[[4]])
}

diagnostic_records <- function(sets) {
  out <- list()
  for (case in diagnostic_cases) {
    fitted <- case_fit(sets[[case[[1]]]], case)
    for (kind in names(diagnostic_kinds)) {
      out[[length(out) + 1L]] <- record(case_head(case, kind), attempt(diagnostic_kinds[[kind]](fitted)), identity)
    }
    out <- c(out, bias_records(fitted, case))
  }
  c(out, moderated_records(sets), gosh_records(sets))
}

# Case diagnostics of a meta-regression (dat.bcg, RR ~ ablat + year).
moderated_records <- function(sets) {
  set <- sets$dat.bcg
  effect <- pair_effect(set, "RR")
  design <- cbind(set$columns$ablat, set$columns$year)[effect$rows, ]
  lapply(c("REML", "DL"), function(method) {
    fit <- tight_rma(effect$yi, effect$vi, mods = design, method = method)
    head <- list(id = slug("moderated", "dat.bcg", "RR", "ablat+year", method), kind = "moderated", dataset = "dat.bcg", measure = "RR",
                 method = method, test = "z", moderators = "ablat+year")
    record(head, attempt(c(influence_fields(fit), residual_fields(fit))), identity)
  })
}

# Every non-empty subset, in metafor's order; a subset is a string of 0 and 1.
gosh_records <- function(sets) {
  cases <- list(list("dat.hart1999", "IRR", "REML", "z"), list("dat.hart1999", "IRR", "common", "z"), list("dat.hine1989", "RD", "DL", "z"))
  lapply(cases, function(case) {
    fitted <- case_fit(sets[[case[[1]]]], case)
    record(case_head(case, "gosh"), attempt(gosh(fitted$fit, progbar = FALSE)), function(g) {
      list(subset = arr(apply(g$incl * 1, 1, paste, collapse = "")), k = arr(g$res$k), q = arr(g$res$QE), i2 = arr(g$res$I2),
           h2 = arr(g$res$H2), tau2 = arr(g$res$tau2), estimate = arr(g$res$estimate))
    })
  })
}

# refits.json: leave-one-out and cumulative results of the models of counts, and the points of
# normal quantile plots.

refit_cases <- list(
  list("dat.bcg", "OR", "mh"), list("dat.bcg", "RR", "mh"), list("dat.bcg", "RD", "mh"), list("dat.bcg", "OR", "peto"),
  list("dat.hart1999", "IRR", "mh"), list("dat.hart1999", "IRD", "mh"), list("dat.egger2001", "OR", "mh"),
  list("dat.egger2001", "OR", "peto"))

quantile_cases <- list(
  list("dat.bcg", "RR", "REML", "z"), list("dat.bcg", "RR", "common", "z"), list("dat.hackshaw1998", "GEN", "DL", "z"),
  list("dat.hart1999", "IRR", "REML", "z"), list("dat.normand1999", "SMD", "REML", "t"))

count_fit <- function(set, case) {
  call <- c(escalc_inputs(set, case[[2]]), list(drop00 = TRUE))
  if (case[[3]] == "peto") return(do.call(metafor::rma.peto, call))
  do.call(metafor::rma.mh, c(list(measure = case[[2]]), call, mh_corrections$q_only))
}

count_fields <- function(x) {
  list(estimate = arr(as.numeric(x$estimate)), std_error = arr(x$se), statistic = arr(x$zval), p_value = arr(x$pval), ci_low = arr(x$ci.lb),
       ci_high = arr(x$ci.ub), q = arr(x$Q), q_p = arr(x$Qp), i2 = arr(x$I2), h2 = arr(x$H2))
}

count_record <- function(set, case, kind, ask) {
  head <- list(id = slug(kind, set$id, case[[2]], case[[3]]), kind = kind, dataset = set$id, measure = case[[2]], model = case[[3]])
  record(head, attempt(ask(count_fit(set, case))), count_fields)
}

quantile_record <- function(set, case, type) {
  head <- list(id = slug("normal_quantiles", set$id, case[[2]], case[[3]], case[[4]], type), kind = "normal_quantiles",
               dataset = set$id, measure = case[[2]], method = case[[3]], test = case[[4]], residual = type)
  record(head, attempt({
    grDevices::pdf(NULL)
    on.exit(grDevices::dev.off())
    qqnorm(case_fit(set, case)$fit, type = type, envelope = FALSE)
  }), function(p) list(x = arr(sort(as.numeric(p$x))), y = arr(sort(as.numeric(p$y)))))
}

refit_records <- function(sets) {
  out <- list()
  for (case in refit_cases) {
    set <- sets[[case[[1]]]]
    out[[length(out) + 1L]] <- count_record(set, case, "leave_one_out", leave1out)
    order <- set$columns$year
    if (!is.null(order)) {
      out[[length(out) + 1L]] <- count_record(set, case, "cumulative", function(fit) do.call(metafor::cumul, list(fit, order = order)))
    }
  }
  for (case in quantile_cases) for (type in c("rstandard", "rstudent")) {
    out[[length(out) + 1L]] <- quantile_record(sets[[case[[1]]]], case, type)
  }
  out
}

# Small-study effects and missing studies (part of diagnostics.json).

pooled_short <- function(fit) {
  list(estimate = num(fit$beta), std_error = num(fit$se), ci_low = num(fit$ci.lb), ci_high = num(fit$ci.ub), p_value = num(fit$pval),
       tau2 = num(fit$tau2), q = num(fit$QE), i2 = num(fit$I2))
}

# trimfill does not hand the control settings on, so the filled data are pooled once more.
trimfill_fields <- function(fit, estimator, side) {
  args <- list(fit, estimator = estimator, maxiter = 1000)
  if (side != "auto") args$side <- side
  filled <- do.call(trimfill, args)
  c(list(k0 = filled$k0, k0_se = num(filled$se.k0), side_used = filled$side, k0_p = num(filled$p.k0), k_filled = filled$k),
    pooled_short(tight_rma(as.numeric(filled$yi), filled$vi, method = fit$method, test = fit$test)), list(y_added = arr(as.numeric(filled$yi)[filled$fill]), v_added = arr(filled$vi[filled$fill])))
}

# model "rma" regresses within the fitted model, "lm" is Egger's weighted regression. limit is
# the effect at a predictor of 0, where that has a meaning.
regtest_fields <- function(fit, model, predictor) {
  found <- regtest(fit, model = model, predictor = predictor)
  list(statistic = num(found$zval), df = num(found$dfs), p_value = num(found$pval), limit = num(found$est),
       limit_low = num(found$ci.lb), limit_high = num(found$ci.ub))
}

fail_safe_fields <- function(case, type, weighted) {
  args <- list(case$effect$yi, case$effect$vi, type = type)
  if (type == "Orwin") args$weighted <- weighted
  found <- do.call(fsn, args)
  list(n = num(found$fsnum), p_value = num(found$pval), mean_effect = num(found$meanes), target = num(found$target))
}

tes_fields <- function(fit, test) {
  found <- tes(fit, test = test)
  list(observed = found$O, expected = found$E, ratio = found$OEratio, chi2 = num(found$X2), p_value = num(found$pval),
       power = arr(found$power), significant = arr(found$sig), theta = num(found$theta), theta_limit = arr(num(found$theta.lim)))
}

# kind -> list of argument lists. The exact test of excess significance visits 2^k patterns.
bias_questions <- function(fit) {
  predictors <- c("sei", "vi", if (!is.null(fit$ni)) c("ni", "ninv", "sqrtni", "sqrtninv"))
  grid <- function(...) {
    all <- expand.grid(..., stringsAsFactors = FALSE)
    lapply(seq_len(nrow(all)), function(i) as.list(all[i, , drop = FALSE]))
  }
  list(trim_and_fill = grid(estimator = c("L0", "R0", "Q0"), side = c("auto", "left", "right")),
       regression_test = grid(model = c("rma", "lm"), predictor = predictors),
       excess_significance = grid(test = c(if (fit$k <= 13) "exact", "chi2", "binom")))
}

bias_records <- function(fitted, case) {
  out <- list()
  add <- function(kind, options, expr) {
    head <- c(case_head(case, kind, unlist(options)), options)
    out[[length(out) + 1L]] <<- record(head, attempt(expr), identity)
  }
  questions <- bias_questions(fitted$fit)
  for (o in questions$trim_and_fill) add("trim_and_fill", o, trimfill_fields(fitted$fit, o$estimator, o$side))
  for (o in questions$regression_test) add("regression_test", o, regtest_fields(fitted$fit, o$model, o$predictor))
  for (o in questions$excess_significance) {
    names(o) <- "exact_test"
    add("excess_significance", o, tes_fields(fitted$fit, o$exact_test))
  }
  # What doesn't depend on the model is asked once a data set and measure.
  first <- Filter(function(c) identical(c[1:2], case[1:2]), diagnostic_cases)[[1]]
  if (identical(first, case)) {
    add("rank_test", list(), { found <- ranktest(fitted$fit); list(tau = num(found$tau), p_value = num(found$pval)) })
    for (type in c("Rosenthal", "Orwin", "Rosenberg")) add("fail_safe_n", list(type = type), fail_safe_fields(fitted, type, FALSE))
    add("fail_safe_n", list(type = "Orwin", weighted = TRUE), fail_safe_fields(fitted, "Orwin", TRUE))
  }
  out
}

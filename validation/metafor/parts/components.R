# components.json: 95 % profile-likelihood intervals of variances and correlations (confint of rma.mv).

component_models <- c("berkey1998-UN-REML", "ishak2007-CS", "ishak2007-AR", "ishak2007-CAR", "konstantopoulos2011-nested",
                      "konstantopoulos2011-nested-ML", "konstantopoulos2011-three-UN", "konstantopoulos2011-three-UN-ML")

component_limits <- function(fit, kind, at) {
  ask <- setNames(list(at), kind)
  ci <- do.call(confint, c(list(fit, control = list(tol = 1e-10)), ask))$random
  list(kind = kind, at = at, estimate = num(ci[1, "estimate"]), low = num(ci[1, "ci.lb"]), high = num(ci[1, "ci.ub"]))
}

component_fit <- function(q) {
  args <- list(yi = q$d$yi, V = q$V, mods = q$mods, random = q$random, data = q$d, method = q$method, sparse = FALSE,
               control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-12, maxit = 5000))
  if (!is.null(q$struct)) args$struct <- q$struct
  do.call(rma.mv, args)
}

component_record <- function(q) {
  fit <- component_fit(q)
  parts <- if (is.null(q$struct)) data.frame(kind = "sigma2", at = seq_along(fit$sigma2)) else rbind(
    data.frame(kind = "tau2", at = seq_along(fit$tau2)),
    if (!q$struct %in% c("ID", "DIAG")) data.frame(kind = "rho", at = seq_along(fit$rho)))
  limits <- Map(function(kind, at) component_limits(fit, kind, at), parts$kind, parts$at)
  list(id = q$id, method = q$method, struct = q$struct, limits = unname(limits))
}

component_records <- function(sets) {
  asked <- multivariate_questions()
  pick <- function(ids) Filter(function(q) q$id %in% ids, asked)
  lapply(pick(component_models), component_record)
}

# components.json: 95 % profile-likelihood intervals of variances and correlations (confint of rma.mv); where confint
# does not converge, the log-likelihood with one correlation held, and the smallest eigenvalue of the G that has it.

component_models <- c("berkey1998-UN-REML", "ishak2007-CS", "ishak2007-AR", "ishak2007-CAR", "konstantopoulos2011-nested",
                      "konstantopoulos2011-nested-ML", "konstantopoulos2011-three-UN", "konstantopoulos2011-three-UN-ML")
profile_models <- "ishak2007-UN"
held_at <- c(-0.2, 0.2, 0.5, 0.8)

component_limits <- function(fit, kind, at) {
  ask <- setNames(list(at), kind)
  ci <- do.call(confint, c(list(fit, control = list(tol = 1e-10)), ask))$random
  list(kind = kind, at = at, estimate = num(ci[1, "estimate"]), low = num(ci[1, "ci.lb"]), high = num(ci[1, "ci.ub"]))
}

component_profile <- function(q, fit, at) {
  held <- lapply(held_at, function(value) {
    rho <- replace(rep(NA_real_, length(fit$rho)), at, value)
    found <- attempt(rma.mv(yi = q$d$yi, V = q$V, mods = q$mods, random = q$random, struct = q$struct, data = q$d,
                            method = q$method, sparse = FALSE, rho = rho))
    if (found$failed) return(list(rho = value, failed = TRUE))
    g <- eigen(found$value$G, symmetric = TRUE, only.values = TRUE)$values
    list(rho = value, loglik = as.numeric(logLik(found$value)), smallest_eigenvalue = min(g))
  })
  list(kind = "rho", at = at, held = held)
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

profile_record <- function(q) {
  fit <- component_fit(q)
  list(id = paste0(q$id, "-profile"), method = q$method, struct = q$struct, of = q$id, loglik = as.numeric(logLik(fit)),
       profiles = lapply(seq_along(fit$rho), function(at) component_profile(q, fit, at)))
}

component_records <- function(sets) {
  asked <- multivariate_questions()
  pick <- function(ids) Filter(function(q) q$id %in% ids, asked)
  c(lapply(pick(component_models), component_record), lapply(pick(profile_models), profile_record))
}

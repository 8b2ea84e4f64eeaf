# multivariate.json: rma.mv, and vcalc for the sampling covariances it takes.

# A symmetric matrix as its non-zero lower triangle, 1-based.
sparse <- function(V) {
  at <- which(V != 0 & lower.tri(V, diag = TRUE), arr.ind = TRUE)
  at <- at[order(at[, 1], at[, 2]), , drop = FALSE]
  list(n = nrow(V), row = arr(at[, 1]), column = arr(at[, 2]), value = arr(V[at]))
}

# name -> list(set, V): the sampling covariances. phi and rho are illustrations, not facts
# about the trials; only dat.berkey1998 has printed covariances.
sampling_covariances <- function(sets) {
  ber <- sets$dat.berkey1998$columns; ish <- sets$dat.ishak2007$columns; fin <- sets$dat.fine1993$columns
  ass <- sets$dat.assink2016$columns; kal <- sets$dat.kalaian1996$columns; kon <- sets$dat.konstantopoulos2011$columns
  berkey <- metafor::bldiag(lapply(split(ber[c("v1i", "v2i")], ber$trial), as.matrix))
  list(
    berkey = list(set = "dat.berkey1998", V = berkey, made = "printed"),
    ishak_ar = list(set = "dat.ishak2007", V = vcalc(v, cluster = study, time1 = time, phi = 0.97, data = ish),
                    made = "vcalc(v, cluster=study, time1=time, phi=0.97)"),
    fine_ar = list(set = "dat.fine1993", V = vcalc(v, cluster = study, time1 = time, phi = 0.6, data = fin),
                   made = "vcalc(v, cluster=study, time1=time, phi=0.6)"),
    assink_rho = list(set = "dat.assink2016", V = vcalc(v, cluster = study, obs = esid, rho = 0.6, data = ass),
                      made = "vcalc(v, cluster=study, obs=esid, rho=0.6)"),
    assink_type = list(set = "dat.assink2016", V = vcalc(v, cluster = study, type = deltype, obs = esid, rho = c(0.6, 0.4), data = ass),
                       made = "vcalc(v, cluster=study, type=deltype, obs=esid, rho=c(0.6, 0.4)); first rho within a type, second between types"),
    kalaian_rho = list(set = "dat.kalaian1996", V = vcalc(v, cluster = study, type = outcome, rho = 0.66, data = kal),
                       made = "vcalc(v, cluster=study, type=outcome, rho=0.66)"),
    assink_diag = list(set = "dat.assink2016", V = diag(ass$v), made = "diagonal"),
    konst_diag = list(set = "dat.konstantopoulos2011", V = diag(kon$v), made = "diagonal"))
}

mv_questions <- function() {
  ask <- function(label, cov, mods, random, struct = "none", methods = c("REML", "ML")) {
    list(label = label, cov = cov, mods = mods, random = random, struct = struct, methods = methods)
  }
  all_time <- c("CS", "HCS", "UN", "ID", "DIAG", "AR", "HAR", "CAR")
  list(
    ask("berkey-outcome", "berkey", ~ outcome - 1, ~ outcome | trial, c("CS", "HCS", "UN", "ID", "DIAG")),
    ask("berkey-year", "berkey", ~ outcome + outcome:I(year - 1983) - 1, ~ outcome | trial, c("CS", "UN", "DIAG")),
    ask("ishak-time", "ishak_ar", ~ factor(time) - 1, ~ time | study, setdiff(all_time, "UN")),
    ask("ishak-time", "ishak_ar", ~ factor(time) - 1, ~ factor(time) | study, "UN"),
    ask("ishak-one", "ishak_ar", NULL, ~ time | study, c("AR", "CS", "CAR")),
    ask("fine-time", "fine_ar", ~ factor(time) - 1, ~ time | study, setdiff(all_time, "UN")),
    ask("fine-time", "fine_ar", ~ factor(time) - 1, ~ factor(time) | study, "UN"),
    ask("kalaian-outcome", "kalaian_rho", ~ outcome - 1, ~ outcome | study, c("CS", "UN", "ID", "DIAG")),
    ask("konstantopoulos", "konst_diag", NULL, ~ 1 | district / school),
    ask("konstantopoulos-year", "konst_diag", ~ I(year - 1990), ~ 1 | district / school),
    ask("konstantopoulos-cs", "konst_diag", NULL, ~ school | district, "CS"),
    ask("assink", "assink_diag", NULL, ~ 1 | study / esid),
    ask("assink-deltype", "assink_diag", ~ deltype, ~ 1 | study / esid),
    ask("assink-rho", "assink_rho", NULL, ~ 1 | study / esid),
    ask("assink-rho-pubstatus", "assink_rho", ~ pubstatus, ~ 1 | study / esid),
    ask("assink-type", "assink_type", NULL, ~ 1 | study / esid))
}

# nlminb and BFGS from metafor's start, each as tight as it goes; the higher likelihood
# counts, and the gap between the two says how far the optimum can be trusted.
mv_controls <- list(
  nlminb = list(optimizer = "nlminb", rel.tol = 1e-13, x.tol = 1e-12, iter.max = 5000, eval.max = 10000),
  nlminb_loose = list(optimizer = "nlminb", rel.tol = 1e-10, iter.max = 5000, eval.max = 10000),
  bfgs = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-15, maxit = 10000))

mv_fit <- function(question, struct, method, test, covs, sets) {
  cov <- covs[[question$cov]]
  args <- list(yi = quote(y), V = cov$V, random = question$random, data = sets[[cov$set]]$columns, method = method, test = test)
  if (!is.null(question$mods)) args$mods <- question$mods
  if (struct != "none") args$struct <- struct
  tries <- lapply(mv_controls, function(control) attempt(do.call(metafor::rma.mv, c(args, list(control = control)))))
  done <- Filter(function(t) !t$failed, tries)
  if (!length(done)) stop(tries[[1]]$message)
  ll <- vapply(done, function(t) as.numeric(logLik(t$value)), 1)
  best <- done[[which.max(ll)]]$value
  best$optimizer_used <- names(done)[which.max(ll)]
  best$ll_gap <- max(ll) - min(ll)
  best
}

mv_fields <- function(fit) {
  list(coef = arr(fit$beta), columns = arr(rownames(fit$beta)), std_error = arr(fit$se), statistic = arr(fit$zval), df = num(fit$ddf)[1],
       p_value = arr(fit$pval), ci_low = arr(fit$ci.lb), ci_high = arr(fit$ci.ub), vcov = mat(unname(fit$vb)),
       sigma2 = if (fit$withS) arr(fit$sigma2), tau2 = if (fit$withG) arr(fit$tau2), rho = if (fit$withG) arr(fit$rho),
       levels = if (fit$withG) arr(as.character(fit$g.levels.f[[1]])), q = num(fit$QE), q_df = fit$k - fit$p, q_p = num(fit$QEp),
       qm = num(fit$QM), qm_df = arr(fit$QMdf), qm_p = num(fit$QMp), k = fit$k, loglik = as.numeric(logLik(fit)),
       optimizer = fit$optimizer_used, loglik_gap = fit$ll_gap)
}

formula_text <- function(f) if (is.null(f)) "~ 1" else paste(deparse(f, width.cutoff = 500L), collapse = " ")

mv_records <- function(sets, covs) {
  out <- list()
  for (question in mv_questions()) for (struct in question$struct) for (method in question$methods) {
    for (test in if (method == "REML") c("z", "t") else "z") {
      head <- list(id = slug(question$label, if (struct != "none") struct, method, test), kind = "fit", dataset = covs[[question$cov]]$set,
                   V = question$cov, mods = formula_text(question$mods), random = formula_text(question$random),
                   struct = if (struct != "none") struct, method = method, test = test)
      out[[length(out) + 1L]] <- record(head, attempt(mv_fit(question, struct, method, test, covs, sets)), mv_fields)
    }
  }
  out
}

multivariate_records <- function(sets) {
  covs <- sampling_covariances(sets)
  made <- lapply(names(covs), function(n) {
    list(id = slug("V", n), kind = "sampling_covariance", dataset = covs[[n]]$set, name = n, made = covs[[n]]$made, matrix = sparse(covs[[n]]$V))
  })
  c(made, shared_control_records(sets), mv_records(sets, covs), robust_records(sets, covs), mv_interval_records(sets, covs))
}

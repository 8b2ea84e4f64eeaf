# Around the multivariate fits: shared control groups, cluster-robust variances, profile intervals.

# The contrasts of a three-armed trial share an arm. Input rows are kept in the record.
shared_control_records <- function(sets) {
  arms <- sets$dat.senn2013$columns
  arms <- subset(arms, study %in% c("Willms (1999)", "De Fronzo (1995)", "Lewin (2007)"))
  wide <- metafor::to.wide(arms, study = "study", grp = "treatment", ref = "placebo", grpvars = c("mean", "sd", "n"), postfix = c("_t", "_c"))
  effect <- metafor::escalc("MD", m1i = mean_t, sd1i = sd_t, n1i = n_t, m2i = mean_c, sd2i = sd_c, n2i = n_c, data = wide, append = FALSE)
  wide$y <- as.numeric(effect$yi)
  wide$v <- effect$vi
  shared <- vcalc(v, cluster = study, grp1 = treatment_t, grp2 = treatment_c, w1 = n_t, w2 = n_c, data = wide)
  rows <- as.list(wide[c("study", "treatment_t", "treatment_c", "n_t", "n_c", "y", "v")])
  list(list(id = "V-senn_shared", kind = "sampling_covariance", dataset = "dat.senn2013", name = "senn_shared",
            made = "vcalc(v, cluster=study, grp1=treatment_t, grp2=treatment_c, w1=n_t, w2=n_c)",
            rows = lapply(rows, arr), matrix = sparse(shared)))
}

robust_fields <- function(fit) {
  df <- if (is.null(fit$dfs)) fit$ddf else fit$dfs
  list(coef = arr(fit$beta), std_error = arr(fit$se), statistic = arr(fit$zval), df = arr(df), p_value = arr(fit$pval),
       ci_low = arr(fit$ci.lb), ci_high = arr(fit$ci.ub), vcov = mat(unname(fit$vb)),
       clusters = fit$n, qm = num(fit$QM), qm_df = arr(fit$QMdf), qm_p = num(fit$QMp))
}

# name -> list(fit, cluster): fits whose rows hang together by cluster.
clustered_fits <- function(sets, covs) {
  ask <- function(label, test = "z") {
    question <- Filter(function(q) q$label == label, mv_questions())[[1]]
    struct <- rev(question$struct)[1]
    mv_fit(question, struct, "REML", test, covs, sets)
  }
  ass <- sets$dat.assink2016$columns; kon <- sets$dat.konstantopoulos2011$columns; ber <- sets$dat.berkey1998$columns
  cur <- sets$dat.curtis1998$columns
  effect <- pair_effect(sets$dat.curtis1998, "ROM")
  list(
    "assink" = list(fit = ask("assink"), cluster = ass$study), "assink-deltype" = list(fit = ask("assink-deltype"), cluster = ass$study),
    "assink-rho" = list(fit = ask("assink-rho"), cluster = ass$study), "assink-rho-pubstatus" = list(fit = ask("assink-rho-pubstatus"), cluster = ass$study),
    "konstantopoulos" = list(fit = ask("konstantopoulos"), cluster = kon$district),
    "konstantopoulos-year" = list(fit = ask("konstantopoulos-year"), cluster = kon$district),
    "berkey-outcome" = list(fit = ask("berkey-outcome"), cluster = ber$trial),
    "curtis-ROM" = list(fit = tight_rma(effect$yi, effect$vi, method = "REML"), cluster = cur$paper[effect$rows]))
}

# CR0 is metafor's adjust=FALSE, CR1 its adjust=TRUE (factor n/(n-p)).
robust_records <- function(sets, covs) {
  fits <- clustered_fits(sets, covs)
  out <- list()
  for (name in names(fits)) for (kind in c("CR0", "CR1")) {
    case <- fits[[name]]
    head <- list(id = slug("robust", name, kind), kind = "robust", of = name, method = "REML", type = kind)
    out[[length(out) + 1L]] <- record(head, attempt(robust(case$fit, cluster = case$cluster, adjust = kind == "CR1")), robust_fields)
  }
  out
}

# robust_cr2.json: the same with clubSandwich's CR2 and Satterthwaite degrees of freedom.
robust_cr2_records <- function(sets) {
  fits <- clustered_fits(sets, sampling_covariances(sets))
  lapply(names(fits), function(name) {
    case <- fits[[name]]
    head <- list(id = slug("robust", name, "CR2"), kind = "robust", of = name, method = "REML", type = "CR2")
    record(head, attempt(robust(case$fit, cluster = case$cluster, clubSandwich = TRUE)), robust_fields)
  })
}

# Profile-likelihood intervals of variance components and correlations.
mv_interval_records <- function(sets, covs) {
  cases <- list(list("konstantopoulos", "none", list(list("sigma2", 1), list("sigma2", 2))), list("assink", "none", list(list("sigma2", 1), list("sigma2", 2))),
                list("berkey-outcome", "UN", list(list("tau2", 1), list("tau2", 2), list("rho", 1))), list("ishak-time", "HAR", list(list("rho", 1))))
  out <- list()
  for (case in cases) for (component in case[[3]]) {
    question <- Filter(function(q) q$label == case[[1]], mv_questions())[[1]]
    head <- list(id = slug("interval", case[[1]], if (case[[2]] != "none") case[[2]], "REML", paste0(component[[1]], component[[2]])),
                 kind = "interval", of = case[[1]], struct = if (case[[2]] != "none") case[[2]], method = "REML", component = component[[1]], index = component[[2]])
    tried <- attempt({
      fit <- mv_fit(question, case[[2]], "REML", "z", covs, sets)
      args <- list(fit, control = list(tol = 1e-9))
      args[[component[[1]]]] <- component[[2]]
      do.call(confint, args)$random
    })
    out[[length(out) + 1L]] <- record(head, tried, function(r) list(estimate = r[1, "estimate"], ci_low = r[1, "ci.lb"], ci_high = r[1, "ci.ub"]))
  }
  out
}

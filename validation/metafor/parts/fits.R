# fits.json: pooled results without moderators.

# Pairs worth pooling: every measure at least once, every family several times.
fit_pairs <- list(
  dat.bcg = c("RR", "OR", "RD", "AS", "PETO", "PBIT", "PHI"),
  dat.collins1985a = c("RR", "OR", "RD", "AS", "PETO"), dat.collins1985b = c("OR", "PETO", "RD"),
  dat.yusuf1985.table6 = c("OR", "PETO", "RR"), dat.linde2005 = c("RR", "OR"), dat.hine1989 = c("RD", "OR"),
  dat.viechtbauer2021 = c("OR", "RR", "AS"), dat.damico2009 = c("OR", "RD"), dat.dorn2007 = c("RR"),
  dat.cannon2006 = c("OR"), dat.lee2004 = c("RR"), dat.laopaiboon2015 = c("RR"), dat.egger2001 = c("OR"),
  dat.collins1985a.deaths = c("OR", "RD"), dat.collins1985b.stillbirths = c("OR", "RR"), dat.nielweise2007 = c("OR", "RR", "RD"),
  dat.li2007 = c("OR"), dat.hahn2001 = c("RR", "RD", "AS"), dat.axfors2021 = c("OR"), dat.graves2010 = c("RR", "RD"),
  dat.normand1999 = c("MD", "SMD", "SMDH", "ROM", "CVR", "VR", "SMD1"), dat.gibson2002 = c("SMD", "MD", "ROM"),
  dat.michael2013 = c("MD", "SMD"), dat.curtis1998 = c("ROM", "SMD"),
  morris2008.treatment = c("MC", "SMCC", "SMCR", "SMCRH", "ROMC"), morris2008.control = c("SMCR", "MC"),
  dat.bourassa1996 = c("MPRD", "MPRR", "MPOR", "MPORC"),
  dat.pritz1997 = c("PR", "PLN", "PLO", "PAS", "PFT"), dat.debruin2009 = c("PR", "PLN", "PLO", "PAS", "PFT"), dat.hannum2020 = c("PLO", "PFT"),
  dat.molloy2014 = c("COR", "ZCOR"), dat.mcdaniel1994 = c("COR", "ZCOR"), dat.cohen1981 = c("ZCOR", "COR"), dat.nakagawa2007 = c("ZCOR"),
  dat.nielweise2008 = c("IRR", "IRD", "IRSD"), dat.hart1999 = c("IRR", "IRD", "IRSD"),
  dat.nielweise2008.control = c("IR", "IRLN", "IRS", "IRFT"), dat.hart1999.treatment = c("IRLN", "IRS"), dat.nielweise2008.treatment = c("IRLN", "IRFT"),
  dat.normand1999.control = c("MN", "MNLN", "CVLN", "SDLN"), dat.senn2013 = c("MN"),
  dat.raudenbush1985 = "GEN", dat.bangertdrowns2004 = "GEN", dat.hackshaw1998 = "GEN", dat.pignon2000 = "GEN", dat.begg1989 = "GEN",
  dat.konstantopoulos2011 = "GEN")

# DL2 and HE2 are no methods of metafor; each is GENQ with weights 1/(v + tau2 of DL or HE),
# whose tau2 is then held fixed. GENQ here weighs by 1/sqrt(v).
fit_methods <- c("common", "DL", "HE", "HS", "HSk", "SJ", "ML", "REML", "EB", "PM", "PMM", "GENQ", "DL2", "HE2")
fit_tests <- c("z", "t", "knha", "adhoc")

# The complete (y, v) of a pair, as escalc makes them with the default options.
pair_effect <- function(set, measure) {
  if (measure == "GEN") {
    yi <- set$columns$y
    vi <- set$columns$v
  } else {
    effect <- suppressWarnings(compute_effect(set, measure, default_options(set, measure)))
    yi <- as.numeric(effect$yi)
    vi <- effect$vi
  }
  keep <- !is.na(yi) & !is.na(vi)
  list(yi = yi[keep], vi = vi[keep], rows = which(keep))
}

fit_one <- function(effect, method, test) {
  y <- effect$yi
  v <- effect$vi
  if (method == "common") return(tight_rma(y, v, method = "EE", test = test))
  if (method == "GENQ") return(tight_rma(y, v, method = "GENQ", weights = 1 / sqrt(v), test = test))
  if (method %in% c("DL2", "HE2")) {
    first <- metafor::rma.uni(y, v, method = sub("2", "", method))
    second <- metafor::rma.uni(y, v, method = "GENQ", weights = 1 / (v + first$tau2))
    return(tight_rma(y, v, method = "DL", tau2 = second$tau2, test = test))
  }
  tight_rma(y, v, method = method, test = test)
}

# The fields of a fit with one coefficient. i2 and h2 are metafor's: from tau2 and the
# typical variance for random effects, from Q for the common effect.
fit_fields <- function(fit, method, test) {
  prediction <- metafor:::predict.rma(fit)
  out <- list(
    estimate = num(fit$beta), std_error = num(fit$se), statistic = num(fit$zval), df = num(fit$ddf),
    p_value = num(fit$pval), ci_low = num(fit$ci.lb), ci_high = num(fit$ci.ub),
    tau2 = num(fit$tau2), tau2_se = num(fit$se.tau2), i2 = num(fit$I2), h2 = num(fit$H2),
    q = num(fit$QE), q_df = fit$k - fit$p, q_p = num(fit$QEp), k = fit$k,
    pi_low = num(prediction$pi.lb), pi_high = num(prediction$pi.ub))
  if (method == "common") out$pi_low <- out$pi_high <- NA_real_
  if (method %in% c("ML", "REML", "common")) {
    out$loglik_ml <- fit$fit.stats["ll", "ML"]
    out$loglik_reml <- fit$fit.stats["ll", "REML"]
  }
  if (test == "z" && method %in% c("REML", "common")) out$weights <- arr(as.numeric(weights(fit)))
  if (fit$rung > 1) out$threshold <- fit$used_threshold
  out
}

fit_records <- function(sets) {
  out <- list()
  for (name in names(fit_pairs)) {
    for (measure in fit_pairs[[name]]) {
      effect <- pair_effect(sets[[name]], measure)
      for (method in fit_methods) for (test in fit_tests) {
        head <- list(id = slug(name, measure, method, test), dataset = name, measure = measure, method = method, test = test)
        tried <- attempt(fit_one(effect, method, test))
        out[[length(out) + 1L]] <- record(head, tried, function(f) fit_fields(f, method, test))
      }
    }
  }
  out
}

# intervals.json: 95 % intervals for tau2, tau, I2 and H2.

interval_pairs <- list(
  dat.bcg = c("RR", "OR", "RD"), dat.collins1985a = "OR", dat.collins1985b = "OR", dat.yusuf1985.table6 = "OR", dat.linde2005 = "RR",
  dat.hine1989 = "RD", dat.viechtbauer2021 = "OR", dat.nielweise2007 = "OR", dat.li2007 = "OR", dat.egger2001 = "OR",
  dat.normand1999 = c("MD", "SMD"), dat.curtis1998 = "ROM", dat.gibson2002 = "SMD", morris2008.treatment = "SMCR",
  dat.pritz1997 = c("PLO", "PFT"), dat.debruin2009 = "PLO", dat.molloy2014 = "ZCOR", dat.mcdaniel1994 = "ZCOR", dat.cohen1981 = "ZCOR",
  dat.nielweise2008 = "IRR", dat.hart1999 = "IRR", dat.raudenbush1985 = "GEN", dat.bangertdrowns2004 = "GEN",
  dat.hackshaw1998 = "GEN", dat.pignon2000 = "GEN")

# method of the fit x type of the interval. GENQ is Jackson's exact interval for a
# generalised Q, with weights 1/v and 1/sqrt(v).
interval_kinds <- list(
  c("REML", "QP"), c("DL", "QP"), c("PM", "QP"), c("ML", "QP"), c("REML", "PL"), c("ML", "PL"),
  c("REML", "Wald"), c("ML", "Wald"), c("DL", "Wald"), c("GENQ.v", "GENQ"), c("GENQ.sqrtv", "GENQ"))

interval_fit <- function(effect, method) {
  if (method == "GENQ.v") return(tight_rma(effect$yi, effect$vi, method = "GENQ", weights = 1 / effect$vi))
  if (method == "GENQ.sqrtv") return(tight_rma(effect$yi, effect$vi, method = "GENQ", weights = 1 / sqrt(effect$vi)))
  tight_rma(effect$yi, effect$vi, method = method)
}

# uniroot's default tolerance (1.2e-4) is coarser than the numbers compared.
interval_control <- function(effect, fit) {
  scale <- min(1, median(effect$vi))
  list(tol = 1e-13 * scale, maxiter = 10000, tau2.max = max(100, 1000 * var(effect$yi), 1000 * fit$tau2))
}

interval_fields <- function(ci) {
  limits <- ci$random
  out <- list()
  for (row in rownames(limits)) {
    name <- c("tau^2" = "tau2", "tau" = "tau", "I^2(%)" = "i2", "H^2" = "h2")[[row]]
    out[[name]] <- num(limits[row, "estimate"])
    out[[paste0(name, "_low")]] <- num(limits[row, "ci.lb"])
    out[[paste0(name, "_high")]] <- num(limits[row, "ci.ub"])
  }
  out$null_set <- isTRUE(ci$ci.null)
  out$open_low <- nzchar(trimws(ci$lb.sign))
  out$open_high <- nzchar(trimws(ci$ub.sign))
  out
}

interval_records <- function(sets) {
  out <- list()
  for (name in names(interval_pairs)) for (measure in interval_pairs[[name]]) {
    effect <- pair_effect(sets[[name]], measure)
    for (kind in interval_kinds) {
      head <- list(id = slug(name, measure, kind), dataset = name, measure = measure, method = kind[1], type = kind[2])
      tried <- attempt({
        fit <- interval_fit(effect, kind[1])
        confint(fit, type = kind[2], control = interval_control(effect, fit))
      })
      out[[length(out) + 1L]] <- record(head, tried, interval_fields)
    }
  }
  out
}

# covariances.json: vcalc, the sampling covariance of correlated effects: one correlation, a decay over time, several outcomes
# (at one time, and over times), and arms against a shared control.

covariance_records <- function(sets) {
  assink <- metadat::dat.assink2016[metadat::dat.assink2016$study <= 6, ]
  ishak <- reshape(metadat::dat.ishak2007[1:12, ], direction = "long", idvar = "study", v.names = c("yi", "vi"),
                   varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
  ishak <- ishak[!is.na(ishak$yi), ]
  ishak <- ishak[order(match(ishak$study, metadat::dat.ishak2007$study), ishak$time), ]
  row <- function(id, d, v, ...) list(id = id, study = arr(as.character(d$study)), v = arr(as.numeric(d$vi)), ..., covariance = mat(unname(v)))
  both <- rbind(transform(ishak, outcome = "motor"), transform(ishak, outcome = "daily", vi = vi * 1.7))
  both <- both[order(both$study, both$time, both$outcome), ]
  kinds <- arr(assink$deltype)
  list(
    row("assink2016-rho", assink, vcalc(vi, cluster = study, obs = esid, data = assink, rho = 0.6), rho = 0.6),
    row("assink2016-negative-rho", assink[assink$esid <= 2, ], vcalc(vi, cluster = study, obs = esid, data = assink[assink$esid <= 2, ], rho = -0.3),
        rho = -0.3),
    row("assink2016-kinds", assink, vcalc(vi, cluster = study, type = deltype, obs = esid, data = assink, rho = c(0.6, 0.4)),
        rho = 0.6, kinds = kinds, rho_kinds = 0.4),
    row("ishak2007-decay", ishak, vcalc(vi, cluster = study, time1 = time, data = ishak, phi = 0.9), times = arr(ishak$time), decay = 0.9),
    row("ishak2007-kinds-decay", both, vcalc(vi, cluster = study, type = outcome, time1 = time, data = both, rho = 0.5, phi = 0.8),
        times = arr(both$time), decay = 0.8, kinds = arr(both$outcome), rho_kinds = 0.5),
    shared_control_record())
}

# Trials of several arms whose outcome has one standard deviation in all of them, so that vcalc's correlation from the arms' sizes is exact.
shared_control_record <- function() {
  d <- metadat::dat.hasselblad1998
  arms <- do.call(rbind, lapply(split(d, d$study), function(s) if (nrow(s) < 3L) NULL else {
    data.frame(study = s$study[-1], arm = s$trt[-1], control = s$trt[1], n = s$ni[-1], n_c = s$ni[1])
  }))
  arms$vi <- 1 / arms$n + 1 / arms$n_c
  v <- vcalc(vi, cluster = study, grp1 = arm, grp2 = control, w1 = n, w2 = n_c, data = arms)
  list(id = "hasselblad1998-shared-control", study = arr(as.character(arms$study)), v = arr(arms$vi), control = arr(1 / arms$n_c),
       covariance = mat(unname(v)))
}

# over_time.json: rma.mv over times, with correlations that fall with the gap, curves in log time and splines.

over_time_records <- function(sets) {
  ishak <- metadat::dat.ishak2007
  ishak <- reshape(ishak, direction = "long", idvar = "study", v.names = c("yi", "vi"),
                   varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
  ishak <- ishak[!is.na(ishak$yi), ]
  ishak <- ishak[order(match(ishak$study, metadat::dat.ishak2007$study), ishak$time), ]
  ishak$hours <- 24 * ishak$time
  fine <- metadat::dat.fine1993
  months <- c(6, 12, 18, 24)
  fine <- do.call(rbind, lapply(seq_along(months), function(j) {
    e <- escalc("OR", ai = fine[[paste0("e", j, "i")]], n1i = fine$nei, ci = fine[[paste0("c", j, "i")]], n2i = fine$nci)
    data.frame(study = paste("Study", fine$study), hours = months[j] * 730.5, time = j, yi = as.numeric(e$yi), vi = as.numeric(e$vi))
  }))
  fine <- fine[!is.na(fine$yi), ]
  covariance <- function(d, rho, decay) {
    gap <- switch(decay, none = outer(d$time, d$time, "!=") * 1,
                  rank = abs(outer(d$time, d$time, "-")),
                  time = abs(outer(d$hours, d$hours, "-")) / min(diff(sort(unique(d$hours)))))
    same <- outer(d$study, d$study, "==")
    rho^gap * sqrt(outer(d$vi, d$vi)) * same
  }
  knots <- function(d) log(sort(unique(d$hours)))
  fit <- function(id, d, rho, decay, struct, mods) {
    f <- rma.mv(d$yi, covariance(d, rho, decay), mods = mods, random = ~ time | study, struct = struct, data = d, sparse = FALSE,
                control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14, maxit = 5000))
    list(f = f, id = id, rho = rho, decay = decay, struct = struct, k = f$k, tau2 = arr(f$tau2), corr = arr(f$rho),
         coef = arr(f$beta), std_error = arr(f$se), loglik = as.numeric(logLik(f)), qm = as.numeric(f$QM))
  }
  means <- function(id, d, rho, decay, struct) {
    r <- fit(id, d, rho, decay, struct, ~ factor(hours) - 1)
    q <- length(r$coef)
    r$equal <- as.numeric(anova(r$f, X = cbind(-1, diag(q - 1)))$QM)
    r$f <- NULL
    c(r, list(curve = "none"))
  }
  curve <- function(id, d, rho, decay, struct, kind, at) {
    inside <- function(h) switch(kind, log = cbind(log(h)), linear = cbind(h),
      spline = splines::ns(log(h), knots = knots(d)[-c(1, length(knots(d)))], Boundary.knots = range(knots(d))))
    x <- inside(d$hours)
    r <- fit(id, d, rho, decay, struct, ~ x)
    p <- predict(r$f, newmods = unclass(inside(at))[, seq_len(ncol(x)), drop = FALSE])
    r$f <- NULL
    c(r, list(curve = kind, at = arr(at), pred = arr(p$pred), pred_se = arr(p$se)))
  }
  out <- list()
  add <- function(r) out[[length(out) + 1L]] <<- r
  for (name in c("ishak2007", "fine1993")) {
    d <- list(ishak2007 = ishak, fine1993 = fine)[[name]]
    for (decay in c("none", "rank", "time")) for (struct in c("CS", "HCS", "AR", "CAR", "DIAG"))
      add(means(paste(name, decay, struct, sep = "-"), d, 0.6, decay, struct))
    add(means(paste(name, "rank", "HAR", sep = "-"), d, 0.6, "rank", "HAR"))
    at <- quantile(d$hours, c(0, 0.3, 0.8, 1), names = FALSE, type = 7) * c(1, 1.1, 1.05, 1)
    at <- pmin(at, max(d$hours))
    for (kind in c("linear", "log", "spline")) add(curve(paste(name, "curve", kind, sep = "-"), d, 0.6, "rank", "CS", kind, at))
  }
  columns <- function(name, d) list(id = paste0("data-", name), study = arr(as.character(d$study)), time_h = arr(d$hours),
                                    y = arr(d$yi), v = arr(d$vi))
  c(list(columns("ishak2007", ishak), columns("fine1993", fine)), out)
}

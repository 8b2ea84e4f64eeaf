# multivariate.json: rma.mv on correlated effects, with clubSandwich's robust variances (profile intervals: components.R).

multivariate_questions <- function() {
  block <- function(d, by) bldiag(lapply(split(d[c("v1i", "v2i")], d[[by]]), as.matrix))
  berkey <- metadat::dat.berkey1998
  ishak <- reshape(metadat::dat.ishak2007, direction = "long", idvar = "study", v.names = c("yi", "vi"),
                   varying = list(c(2, 4, 6, 8), c(3, 5, 7, 9)))
  ishak <- ishak[order(match(ishak$study, metadat::dat.ishak2007$study), ishak$time), ]
  ishak <- ishak[!is.na(ishak$yi), ]
  gap <- function(rho) {
    same <- outer(ishak$study, ishak$study, "==")
    rho^abs(outer(ishak$time, ishak$time, "-")) * sqrt(outer(ishak$vi, ishak$vi)) * same
  }
  kon <- metadat::dat.konstantopoulos2011
  three <- kon[kon$school <= 3, ]
  assink <- metadat::dat.assink2016
  ask <- function(id, d, V, mods, random, struct, cluster, method = "REML") {
    list(id = id, d = d, V = V, mods = mods, random = random, struct = struct, cluster = cluster, method = method)
  }
  times <- ~ factor(time) - 1
  out <- list(
    ask("berkey1998-UN-ML", berkey, block(berkey, "trial"), ~ outcome - 1, ~ outcome | trial, "UN", "trial", "ML"),
    ask("berkey1998-UN-REML", berkey, block(berkey, "trial"), ~ outcome - 1, ~ outcome | trial, "UN", "trial"),
    ask("ishak2007-independent-DIAG", ishak, diag(ishak$vi), times, ~ factor(time) | study, "DIAG", "study"))
  for (s in c("CS", "HCS", "ID", "DIAG", "AR", "HAR", "UN")) {
    out[[length(out) + 1L]] <- ask(paste0("ishak2007-", s), ishak, gap(0.97), times, ~ time | study, s, "study")
  }
  out[[length(out) + 1L]] <- ask("ishak2007-CAR", ishak, gap(0.97), times, ~ time | study, "CAR", "study")
  c(out, list(
    ask("ishak2007-UN-ML", ishak, gap(0.97), times, ~ time | study, "UN", "study", "ML"),
    ask("konstantopoulos2011-three-UN", three, diag(three$vi), ~ 1, ~ school | district, "UN", "district"),
    ask("konstantopoulos2011-three-UN-ML", three, diag(three$vi), ~ 1, ~ school | district, "UN", "district", "ML"),
    ask("konstantopoulos2011-nested-year", kon, diag(kon$vi), ~ I(year - 1990), ~ 1 | district / school, NULL, "district"),
    ask("assink2016-nested-moderators", assink, diag(assink$vi), ~ pubstatus + year, ~ 1 | study / esid, NULL, "study"),
    ask("konstantopoulos2011-nested", kon, diag(kon$vi), ~ 1, ~ 1 | district / school, NULL, "district"),
    ask("konstantopoulos2011-nested-ML", kon, diag(kon$vi), ~ 1, ~ 1 | district / school, NULL, "district", "ML"),
    ask("konstantopoulos2011-CS", kon, diag(kon$vi), ~ 1, ~ factor(school) | district, "CS", "district"),
    ask("assink2016-nested", assink, diag(assink$vi), ~ 1, ~ 1 | study / esid, NULL, "study")))
}

multivariate_record <- function(q) {
  args <- list(yi = q$d$yi, V = q$V, mods = q$mods, random = q$random, data = q$d, method = q$method, sparse = FALSE,
               control = list(optimizer = "optim", optmethod = "BFGS", reltol = 1e-14, maxit = 5000))
  if (!is.null(q$struct)) args$struct <- q$struct
  fit <- do.call(rma.mv, args)
  robust <- function(kind) {
    vc <- clubSandwich::vcovCR(fit, cluster = q$d[[q$cluster]], type = kind)
    test <- clubSandwich::coef_test(fit, vcov = vc, test = "Satterthwaite")
    list(vcov = mat(unname(as.matrix(vc))), df = arr(test$df_Satt))
  }
  list(id = q$id, method = q$method, struct = q$struct, coef = arr(fit$beta), std_error = arr(fit$se), vcov = mat(unname(fit$vb)),
       tau2 = arr(fit$tau2), rho = arr(fit$rho), sigma2 = arr(fit$sigma2), loglik = as.numeric(logLik(fit)),
       q = num(fit$QE), k = fit$k, cr0 = robust("CR0"), cr1 = robust("CR1p"), cr2 = robust("CR2"))
}

multivariate_records <- function(sets) lapply(multivariate_questions(), multivariate_record)

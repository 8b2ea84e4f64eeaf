# Makes henmi_copas.json: metafor's hc() on data sets of metadat, with the tightest tolerances it takes.
#   Rscript tests/against/reference/henmi_copas.R > tests/against/reference/henmi_copas.json
suppressMessages(library(metafor))
options(digits = 17)

sets <- list(
  "dat.bcg-RR" = escalc(measure = "RR", data = dat.bcg, ai = tpos, bi = tneg, ci = cpos, di = cneg),
  "dat.lee2004-OR" = escalc(measure = "OR", data = dat.lee2004, ai = ai, n1i = n1i, ci = ci, n2i = n2i),
  "dat.hine1989-RD" = escalc(measure = "RD", data = dat.hine1989, ai = ai, n1i = n1i, ci = ci, n2i = n2i),
  "dat.normand1999-SMD" = escalc(measure = "SMD", data = dat.normand1999, m1i = m1i, sd1i = sd1i, n1i = n1i, m2i = m2i, sd2i = sd2i, n2i = n2i),
  "dat.raudenbush1985-GEN" = dat.raudenbush1985,
  "dat.hackshaw1998-GEN" = dat.hackshaw1998,
  "dat.bangertdrowns2004-GEN" = dat.bangertdrowns2004)

number <- function(x) sprintf("%.17g", as.numeric(x))
one <- function(name, level) {
  d <- sets[[name]]
  fit <- metafor::rma.uni(as.numeric(d$yi), as.numeric(d$vi), method = "DL", level = level)
  h <- tryCatch(metafor::hc(fit, control = list(tol = 1e-13, maxiter = 10000)), error = function(e) NULL)
  if (is.null(h)) return(NULL) # hc() looks for the quantile below 2 only
  sprintf('{"id":"%s-%g","data":"%s","level":%g,"estimate":%s,"std_error":%s,"ci_low":%s,"ci_high":%s,"tau2":%s}',
          name, level, name, level / 100, number(h$beta), number(h$se), number(h$ci.lb), number(h$ci.ub), number(h$tau2))
}

lines <- unlist(lapply(names(sets), function(name) lapply(c(80, 95, 99), function(level) one(name, level))))
version <- sprintf('{"R":"%s","metafor":"%s"}', getRversion(), packageVersion("metafor"))
cat("{\"versions\":", version, ",\n\"records\":[\n", paste(lines, collapse = ",\n"), "\n]}\n", sep = "")

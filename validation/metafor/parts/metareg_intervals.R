# metareg_intervals.json: 95 % intervals of the residual tau2, tau, I2 and H2 of meta-regressions.
# The designs are those of metareg.json (its REML-z records). Jackson's interval is not asked
# here: it needs CompQuadForm, as in intervals.R.

metareg_interval_kinds <- list(
  c("REML", "QP"), c("DL", "QP"), c("PM", "QP"), c("ML", "QP"), c("REML", "PL"), c("ML", "PL"),
  c("REML", "Wald"), c("ML", "Wald"), c("DL", "Wald"), c("SJ", "Wald"), c("EB", "Wald"), c("HE", "Wald"), c("HS", "Wald"))

metareg_interval_record <- function(question, d, kind) {
  head <- list(id = slug(question$name, question$measure, question$label, kind), dataset = question$name, measure = question$measure,
               moderators = question$label, method = kind[1], type = kind[2])
  tried <- attempt({
    fit <- metareg_fit(d, kind[1], "z")
    list(fit = fit, ci = confint(fit, type = kind[2], control = interval_control(d, fit)))
  })
  record(head, tried, function(found) c(list(tau2_se = num(found$fit$se.tau2)), interval_fields(found$ci)))
}

metareg_interval_records <- function(sets) {
  out <- list()
  for (question in metareg_questions(sets)) {
    d <- metareg_data(sets[[question$name]], question)
    for (kind in metareg_interval_kinds) out[[length(out) + 1L]] <- metareg_interval_record(question, d, kind)
  }
  out
}

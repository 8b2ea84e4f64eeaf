# mh_peto.json: rma.mh and rma.peto.

mh_pairs <- list(
  OR = c("dat.bcg", "dat.collins1985a", "dat.collins1985b", "dat.yusuf1985.table6", "dat.linde2005", "dat.hine1989", "dat.cannon2006",
         "dat.damico2009", "dat.lee2004", "dat.egger2001", "dat.nielweise2007", "dat.li2007", "dat.hahn2001",
         "dat.collins1985a.deaths", "dat.collins1985b.stillbirths", "dat.axfors2021", "dat.graves2010"),
  RR = c("dat.bcg", "dat.collins1985a", "dat.collins1985b", "dat.linde2005", "dat.dorn2007", "dat.laopaiboon2015", "dat.nielweise2007",
         "dat.hahn2001", "dat.axfors2021", "dat.graves2010"),
  RD = c("dat.bcg", "dat.collins1985a", "dat.linde2005", "dat.hine1989", "dat.nielweise2007", "dat.hahn2001", "dat.graves2010"),
  IRR = c("dat.nielweise2008", "dat.hart1999"),
  IRD = c("dat.nielweise2008", "dat.hart1999"))

# metafor's own choice corrects zero cells for Q only ("q_only"); "both" also corrects the
# counts that are pooled; "none" corrects nothing.
mh_corrections <- list(
  q_only = list(add = c(1 / 2, 0), to = c("only0", "none")),
  both = list(add = c(1 / 2, 1 / 2), to = c("only0", "only0")),
  none = list(add = c(0, 0), to = c("none", "none")))

pooled_fields <- function(fit) {
  list(estimate = num(fit$beta), std_error = num(fit$se), statistic = num(fit$zval), p_value = num(fit$pval),
       ci_low = num(fit$ci.lb), ci_high = num(fit$ci.ub), q = num(fit$QE), q_df = max(fit$k.yi - 1, 0), q_p = num(fit$QEp),
       i2 = num(fit$I2), h2 = num(fit$H2), k = fit$k, k_effects = fit$k.yi)
}

# MH is the Cochran-Mantel-Haenszel statistic (for rates the Mantel-Haenszel one), BD and TA
# are Breslow-Day and Tarone's corrected Breslow-Day; each is null where metafor has none.
mh_fields <- function(fit) {
  out <- c(pooled_fields(fit), list(cmh = num(fit$MH), cmh_p = num(fit$MHp)))
  if (fit$measure == "OR") {
    out <- c(out, list(breslow_day = num(fit$BD), breslow_day_p = num(fit$BDp), tarone = num(fit$TA), tarone_p = num(fit$TAp),
                       tarone_df = fit$k.pos - 1))
  }
  out
}

mh_record <- function(set, measure, correction, correct) {
  head <- list(id = slug(set$id, measure, "mh", correction, if (correct) "correct" else "uncorrected"), dataset = set$id,
               measure = measure, model = "mh", zero_cells = correction, continuity_correct = correct)
  call <- c(list(measure = measure, correct = correct, drop00 = TRUE), escalc_inputs(set, measure), mh_corrections[[correction]])
  record(head, attempt(do.call(metafor::rma.mh, call)), mh_fields)
}

peto_record <- function(set) {
  head <- list(id = slug(set$id, "OR-peto"), dataset = set$id, measure = "OR", model = "peto")
  call <- c(escalc_inputs(set, "OR"), list(drop00 = TRUE))
  record(head, attempt(do.call(metafor::rma.peto, call)), pooled_fields)
}

mh_peto_records <- function(sets) {
  out <- list()
  for (measure in names(mh_pairs)) for (name in mh_pairs[[measure]]) {
    set <- sets[[name]]
    kinds <- if (has_zero_cell(set)) names(mh_corrections) else "q_only"
    for (kind in kinds) for (correct in c(TRUE, FALSE)) {
      out[[length(out) + 1L]] <- mh_record(set, measure, kind, correct)
    }
  }
  c(out, lapply(mh_pairs$OR, function(name) peto_record(sets[[name]])))
}

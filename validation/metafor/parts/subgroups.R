# Subgroups with their own tau2, and exact permutation tests (both end up in metareg.json).

subgroup_questions <- list(
  list("dat.linde2005", "RR", "group"), list("dat.pignon2000", "GEN", "group"), list("dat.bcg", "RR", "alloc"),
  list("dat.raudenbush1985", "GEN", "tester"), list("dat.debruin2009", "PLO", "ethnicity"), list("dat.michael2013", "MD", "critique"),
  list("dat.mcdaniel1994", "ZCOR", "struct"))

# One fit a level, then the levels' estimates compared by a common-effect model on them:
# QM of that model is the between-groups Q. A shared tau2 is the factor model of metareg.
subgroup_fields <- function(effect, groups, method) {
  levels <- sort(unique(groups[!is.na(groups)]))
  code <- if (method == "common") "EE" else method
  fits <- lapply(levels, function(l) tight_rma(effect$yi[which(groups == l)], effect$vi[which(groups == l)], method = code))
  column <- function(get) arr(vapply(fits, function(f) num(get(f)), 1))
  estimates <- vapply(fits, function(f) as.numeric(f$beta), 1)
  errors <- vapply(fits, function(f) f$se, 1)
  dummies <- diag(length(levels))[, -1, drop = FALSE]
  between <- tight_rma(estimates, errors^2, mods = dummies, method = "EE")
  list(levels = arr(levels), k = column(function(f) f$k), estimate = arr(estimates), std_error = arr(errors),
       tau2 = column(function(f) f$tau2), q = column(function(f) f$QE), i2 = column(function(f) f$I2),
       q_between = between$QM, q_between_df = between$QMdf[1], q_between_p = between$QMp)
}

subgroup_records <- function(sets) {
  out <- list()
  for (question in subgroup_questions) for (method in c("common", "DL", "REML")) {
    set <- sets[[question[[1]]]]
    effect <- pair_effect(set, question[[2]])
    groups <- set$columns[[question[[3]]]][effect$rows]
    head <- list(id = slug("subgroups", question[[1]], question[[2]], question[[3]], method), kind = "subgroups",
                 dataset = question[[1]], measure = question[[2]], by = question[[3]], method = method)
    out[[length(out) + 1L]] <- record(head, attempt(subgroup_fields(effect, groups, method)), identity)
  }
  out
}

# Every permutation (with a moderator) or every sign pattern (without) is visited, so the
# p-values carry no chance. `rows` keeps the studies few.
permutation_questions <- list(
  list("dat.bcg", "RR", ~ ablat, 1:7), list("dat.viechtbauer2021", "OR", ~ dose, 1:6), list("dat.raudenbush1985", "GEN", ~ weeks, 3:9),
  list("dat.bcg", "RR", NULL, 1:10), list("dat.hart1999", "IRR", NULL, 1:6), list("dat.normand1999", "SMD", NULL, 1:9),
  list("dat.bcg", "RR", ~ ablat + year, 1:6))

permutation_fields <- function(set, question, method, test) {
  effect <- pair_effect(set, question[[2]])
  at <- question[[4]]
  frame <- set$columns[effect$rows, , drop = FALSE][at, , drop = FALSE]
  args <- list(effect$yi[at], effect$vi[at], method = if (method == "common") "EE" else method, test = test)
  if (!is.null(question[[3]])) args$mods <- model.matrix(question[[3]], frame)[, -1, drop = FALSE]
  done <- permutest(do.call(tight_rma, args), exact = TRUE, progbar = FALSE)
  list(rows = arr(effect$rows[at]), permutations = done$exact.iter, coef = arr(done$beta), statistic = arr(done$zval),
       p_value = arr(done$pval), qm = num(done$QM), qm_p = num(done$QMp))
}

permutation_records <- function(sets) {
  out <- list()
  for (i in seq_along(permutation_questions)) for (spec in list(c("DL", "z"), c("REML", "knha"), c("common", "z"))) {
    question <- permutation_questions[[i]]
    terms <- if (is.null(question[[3]])) "intercept" else paste(all.vars(question[[3]]), collapse = "+")
    head <- list(id = slug("permutation", question[[1]], question[[2]], terms, spec), kind = "permutation", dataset = question[[1]],
                 measure = question[[2]], moderators = terms, method = spec[1], test = spec[2])
    out[[length(out) + 1L]] <- record(head, attempt(permutation_fields(sets[[question[[1]]]], question, spec[1], spec[2])), identity)
  }
  out
}

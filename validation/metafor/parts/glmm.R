# glmm.json: rma.glmm. Needs lme4 (UM.*, CM.AL) and BiasedUrn with numDeriv (CM.EL).

# CM.EL integrates a non-central hypergeometric for every study, so it gets small sets only.
glmm_questions <- list(
  list(measure = "OR", models = c("UM.FS", "UM.RS", "CM.AL"),
       sets = c("dat.bcg", "dat.collins1985a", "dat.collins1985b", "dat.nielweise2007", "dat.hine1989", "dat.damico2009", "dat.li2007")),
  list(measure = "OR", models = "CM.EL", sets = c("dat.hine1989", "dat.nielweise2007")),
  list(measure = "IRR", models = c("UM.FS", "UM.RS", "CM.EL"), sets = c("dat.nielweise2008", "dat.hart1999")),
  list(measure = "PLO", models = "", sets = c("dat.pritz1997", "dat.debruin2009", "dat.hannum2020")),
  list(measure = "IRLN", models = "", sets = c("dat.nielweise2008.control", "dat.hart1999.treatment", "dat.nielweise2008.treatment")))

# Settings as tight as each optimiser takes: tighter ones make nlminb report a false
# convergence (CM.EL) and glmer lose its Hessian (UM.RS), which then keep their defaults.
glmm_control <- function(measure, model, name) {
  if (model == "UM.RS") return(list())
  if (measure == "OR" && model == "CM.EL") {
    if (name == "dat.nielweise2007") return(list(intCtrl = list(rel.tol = 1e-9), dnchgprec = 1e-12))
    return(list())
  }
  list(glmerCtrl = list(optimizer = "bobyqa", tolPwrss = 1e-10, optCtrl = list(rhoend = 1e-8, maxfun = 1e5)))
}

glmm_fields <- function(fit) {
  list(estimate = num(fit$beta[1]), std_error = num(fit$se[1]), statistic = num(fit$zval[1]), p_value = num(fit$pval[1]),
       df = num(fit$ddf), ci_low = num(fit$ci.lb[1]), ci_high = num(fit$ci.ub[1]), tau2 = num(fit$tau2), sigma2 = num(fit$sigma2), rho = num(fit$rho),
       i2 = num(fit$I2), h2 = num(fit$H2), q_wald = num(fit$QE.Wld), q_wald_p = num(fit$QEp.Wld),
       q_lrt = num(fit$QE.LRT), q_lrt_p = num(fit$QEp.LRT), q_df = num(fit$QE.df), k = fit$k,
       loglik = fit$fit.stats["ll", "ML"])
}

glmm_record <- function(set, measure, model, method, test, points) {
  head <- list(id = slug(set$id, measure, if (nzchar(model)) model, method, test, paste0("agq", points)), dataset = set$id,
               measure = measure, model = if (nzchar(model)) model, method = method, test = test, n_agq = points)
  call <- c(list(measure = measure, method = method, test = test, nAGQ = points,
                 control = glmm_control(measure, model, set$id)), escalc_inputs(set, measure))
  if (nzchar(model)) call$model <- model
  record(head, attempt(do.call(metafor::rma.glmm, call)), glmm_fields)
}

# 25 quadrature points are the most that glmer takes; 7 are metafor's choice. With two
# random effects (UM.RS) glmer can only do the Laplace approximation.
glmm_records <- function(sets) {
  out <- list()
  for (question in glmm_questions) for (name in question$sets) for (model in question$models) {
    ask <- function(...) out[[length(out) + 1L]] <<- glmm_record(sets[[name]], question$measure, model, ...)
    exact <- question$measure == "OR" && model == "CM.EL"
    points <- if (model == "UM.RS") 1 else if (exact) 7 else 25
    ask("ML", "z", points)
    if (points == 25) ask("ML", "z", 7)
    if (!exact) ask("ML", "t", points)
    ask("EE", "z", points)
  }
  out
}

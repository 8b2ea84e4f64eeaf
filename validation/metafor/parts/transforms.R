# transforms.json: metafor's transformations on a grid, and back-transformed predictions.

transform_grid <- list(
  transf.rtoz = c(-0.95, -0.3, 0, 0.2, 0.99), transf.ztor = c(-3, -0.5, 0, 0.1, 2.5), transf.logit = c(0.001, 0.3, 0.5, 0.99),
  transf.ilogit = c(-8, -0.4, 0, 3), transf.arcsin = c(0, 0.1, 0.5, 1), transf.iarcsin = c(0, 0.3, 0.8, 1.5),
  transf.isqrt = c(-0.2, 0, 0.1, 2), transf.ahw = c(0.2, 0.7, 0.95), transf.iahw = c(0.1, 0.4, 0.7), transf.abt = c(0.2, 0.7, 0.95),
  transf.iabt = c(0.2, 1.2, 3), transf.dtou1 = c(-1, 0, 0.4), transf.dtou2 = c(-1, 0, 0.4), transf.dtou3 = c(-1, 0, 0.4),
  transf.dtocles = c(-1, 0, 0.4), transf.dtorpb = c(-1, 0, 0.4), transf.dtobesd = c(-1, 0, 0.4))

sized_grid <- list(transf.pft = cbind(c(0, 0.1, 0.5, 1), c(10, 20, 100, 7)), transf.ipft = cbind(c(0.2, 0.5, 0.8, 1.3), c(10, 20, 100, 7)),
                   transf.irft = cbind(c(0, 0.01, 0.3), c(50, 800, 12)), transf.iirft = cbind(c(0.1, 0.2, 0.6), c(50, 800, 12)))

# Pooled proportions and rates on their own scale; Freeman-Tukey needs a size, here the
# harmonic mean of the studies' sizes.
back_transformed <- function(sets) {
  ask <- function(name, measure, transf, sizes) list(name = name, measure = measure, transf = transf, sizes = sizes)
  list(ask("dat.pritz1997", "PFT", "transf.ipft.hm", "n"), ask("dat.debruin2009", "PFT", "transf.ipft.hm", "n"),
       ask("dat.hannum2020", "PFT", "transf.ipft.hm", "n"), ask("dat.debruin2009", "PLO", "transf.ilogit", NULL),
       ask("dat.debruin2009", "PAS", "transf.iarcsin", NULL), ask("dat.molloy2014", "ZCOR", "transf.ztor", NULL),
       ask("dat.nielweise2008.control", "IRS", "transf.isqrt", NULL))
}

predicted_record <- function(question, sets) {
  set <- sets[[question$name]]
  effect <- pair_effect(set, question$measure)
  fit <- tight_rma(effect$yi, effect$vi, method = "DL")
  args <- list(fit, transf = get(question$transf, envir = asNamespace("metafor")))
  if (!is.null(question$sizes)) args$targs <- list(ni = set$columns[[question$sizes]][effect$rows])
  head <- list(id = slug("predict", question$name, question$measure, question$transf), kind = "predict", dataset = question$name,
               measure = question$measure, method = "DL", test = "z", transform = question$transf)
  record(head, attempt(do.call(predict, args)), function(p) {
    list(estimate = num(p$pred), ci_low = num(p$ci.lb), ci_high = num(p$ci.ub), pi_low = num(p$pi.lb), pi_high = num(p$pi.ub))
  })
}

transform_records <- function(sets) {
  space <- asNamespace("metafor")
  plain <- lapply(names(transform_grid), function(name) {
    head <- list(id = name, kind = "transform", x = arr(transform_grid[[name]]))
    record(head, attempt(vapply(transform_grid[[name]], function(x) as.numeric(get(name, space)(x)), 1)), function(v) list(value = arr(v)))
  })
  sized <- lapply(names(sized_grid), function(name) {
    grid <- sized_grid[[name]]
    head <- list(id = name, kind = "transform", x = arr(grid[, 1]), size = arr(grid[, 2]))
    record(head, attempt(as.numeric(get(name, space)(grid[, 1], grid[, 2]))), function(v) list(value = arr(v)))
  })
  c(plain, sized, lapply(back_transformed(sets), predicted_record, sets = sets))
}

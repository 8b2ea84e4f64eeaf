# effects.json: escalc on every data set and measure that fit together.

# metafor's name for each of our columns, by family and, for the paired standardised
# measures, by measure: SMCR and SMCRH standardise by sd1i, which here is the pre-test one.
escalc_inputs <- function(set, measure) {
  d <- set$columns
  switch(set$family,
    binary = list(ai = d$events_t, n1i = d$n_t, ci = d$events_c, n2i = d$n_c),
    means = list(m1i = d$mean_t, sd1i = d$sd_t, n1i = d$n_t, m2i = d$mean_c, sd2i = d$sd_c, n2i = d$n_c),
    paired = paired_inputs(d, measure),
    matched = matched_inputs(d, measure),
    proportion = list(xi = d$events, ni = d$n),
    correlation = list(ri = d$r, ni = d$n),
    rate = list(x1i = d$events_t, t1i = d$time_t, x2i = d$events_c, t2i = d$time_c),
    rate_single = list(xi = d$events, ti = d$time),
    mean_single = list(mi = d$mean, sdi = d$sd, ni = d$n))
}

paired_inputs <- function(d, measure) {
  by_pre <- measure %in% c("SMCR", "SMCRH")
  list(m1i = d$mean_post, m2i = d$mean_pre, sd1i = if (by_pre) d$sd_pre else d$sd_post,
       sd2i = if (by_pre) d$sd_post else d$sd_pre, ni = d$n, ri = d$r)
}

matched_inputs <- function(d, measure) {
  if (measure == "MPORM") {
    return(list(ai = d$events_t, n1i = d$n_t, ci = d$events_c, n2i = d$n_c, ri = d$r))
  }
  list(ai = d$yes_yes, bi = d$yes_no, ci = d$no_yes, di = d$no_no)
}

family_measures <- list(
  binary = c("RR", "OR", "RD", "AS", "PETO", "PHI", "YUQ", "YUY", "PBIT", "OR2DN", "OR2DL"),
  means = c("MD", "SMD", "SMDH", "SMD1", "SMD1H", "ROM", "CVR", "VR", "D2ORN", "D2ORL"),
  paired = c("MC", "SMCC", "SMCR", "SMCRH", "ROMC", "CVRC", "VRC"),
  matched = c("MPRD", "MPRR", "MPOR", "MPORC", "MPPETO", "MPORM"),
  proportion = c("PR", "PLN", "PLO", "PAS", "PFT"),
  correlation = c("COR", "UCOR", "ZCOR"),
  rate = c("IRR", "IRD", "IRSD"),
  rate_single = c("IR", "IRLN", "IRS", "IRFT"),
  mean_single = c("MN", "MNLN", "SMN", "CVLN", "SDLN"))

# Variance formulas beside the default "LS".
extra_vtypes <- list(
  MD = "HO", SMD = c("UB", "LS2", "AV"), SMD1 = c("UB", "LS2", "AV"), ROM = c("HO", "AV", "AVHO"),
  COR = "AV", UCOR = c("UB", "AV"), PR = c("UB", "AV"), PLN = "AV", PLO = "AV",
  IR = "AV", IRLN = "AV", SMCC = "LS2", SMCR = "LS2", AS = character(), RD = c("UB", "AV"))

# Measures that escalc never corrects unless told to.
uncorrected <- c("AS", "PHI", "RTET", "IRSD", "PAS", "PFT", "IRS", "IRFT")
counted <- c("binary", "matched", "proportion", "rate", "rate_single")

default_options <- function(set, measure) {
  options <- list()
  if (set$family %in% counted) {
    options$add <- if (measure %in% uncorrected) 0 else 0.5
    options$to <- "only0"
  }
  # A table without events in either arm says nothing about a ratio, but does about a difference.
  if (set$family == "binary") options$drop00 <- !(measure %in% c("RD", "AS"))
  options$vtype <- "LS"
  options
}

has_zero_cell <- function(set) {
  cells <- switch(set$family,
    binary = with(set$columns, c(events_t, n_t - events_t, events_c, n_c - events_c)),
    proportion = with(set$columns, c(events, n - events)),
    rate = with(set$columns, c(events_t, events_c)),
    rate_single = set$columns$events,
    matched = with(set$columns, c(yes_yes, yes_no, no_yes, no_no)), 1)
  any(cells == 0, na.rm = TRUE)
}

has_double_zero <- function(set) {
  set$family == "binary" && with(set$columns, any((events_t == 0 & events_c == 0) | (events_t == n_t & events_c == n_c), na.rm = TRUE))
}

# Named variants of the default options: list(suffix = options).
option_variants <- function(set, measure) {
  base <- default_options(set, measure)
  out <- list(base)
  names(out) <- ""
  with_option <- function(name, value, suffix) out[[suffix]] <<- modifyList(base, setNames(list(value), name))
  for (vtype in extra_vtypes[[measure]]) with_option("vtype", vtype, paste0("vtype", vtype))
  if (has_double_zero(set)) {
    with_option("drop00", !base$drop00, if (base$drop00) "keep00" else "drop00")
  }
  if (set$family %in% counted && !(measure %in% uncorrected) && has_zero_cell(set)) {
    for (to in c("all", "if0all", "none")) with_option("to", to, paste0("to_", to))
  }
  out
}

compute_effect <- function(set, measure, options) {
  call <- c(list(measure = measure), escalc_inputs(set, measure), options)
  do.call(metafor::escalc, call)
}

effect_record <- function(set, measure, suffix, options) {
  id <- slug(set$id, measure, if (nzchar(suffix)) suffix)
  tried <- attempt(compute_effect(set, measure, options))
  head <- list(id = id, dataset = set$id, measure = measure, options = options)
  record(head, tried, function(e) list(yi = arr(as.numeric(e$yi)), vi = arr(as.numeric(e$vi))))
}

# Our explicit options must be what escalc does when it is told nothing (drop00 apart).
check_defaults <- function(set, measure, options) {
  if (!is.null(options$drop00)) options$drop00 <- FALSE
  ours <- attempt(compute_effect(set, measure, options))
  plain <- attempt(compute_effect(set, measure, list()))
  if (ours$failed || plain$failed) return(invisible())
  same <- identical(as.numeric(ours$value$yi), as.numeric(plain$value$yi)) &&
    identical(as.numeric(ours$value$vi), as.numeric(plain$value$vi))
  if (!same) stop("the options recorded for ", measure, " on ", set$id, " are not escalc's defaults")
}

effect_records <- function(sets) {
  out <- list()
  for (set in sets) {
    for (measure in family_measures[[set$family]]) {
      variants <- option_variants(set, measure)
      check_defaults(set, measure, variants[[1]])
      for (i in seq_along(variants)) {
        out[[length(out) + 1L]] <- effect_record(set, measure, names(variants)[i], variants[[i]])
      }
    }
  }
  out
}

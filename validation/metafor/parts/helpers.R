# What every part needs: guarded fitting, tight settings, record building.

# Evaluates an expression. Returns list(value, failed, message, warnings); an error is a
# result here, because "metafor cannot fit this" is a fact that a comparison has to know.
attempt <- function(expr) {
  warns <- character()
  value <- tryCatch(
    withCallingHandlers(expr, warning = function(w) {
      warns <<- c(warns, clean_message(conditionMessage(w)))
      invokeRestart("muffleWarning")
    }),
    error = function(e) structure(list(message = clean_message(conditionMessage(e))), class = "attempt_error")
  )
  failed <- inherits(value, "attempt_error")
  list(value = if (failed) NULL else value, failed = failed,
       message = if (failed) value$message else NULL, warnings = unique(warns))
}

# Messages without line breaks, colour codes or repeated blanks.
clean_message <- function(text) {
  text <- gsub("\033\\[[0-9;]*m", "", text)
  trimws(gsub("[[:space:]]+", " ", text))
}

# A record from its head (id and question) and the attempt at its answer.
record <- function(head, tried, fields) {
  body <- if (tried$failed) list(failed = TRUE, message = tried$message) else fields(tried$value)
  if (length(tried$warnings)) body$warnings <- arr(tried$warnings)
  c(head, body)
}

# The first rung is the tight setting; later rungs are tried only when metafor reports that
# Fisher scoring did not converge. Thresholds are absolute in metafor, hence the scale.
control_ladder <- function(yi, vi) {
  scale <- min(1, median(vi, na.rm = TRUE))
  top <- max(100, 100 * var(as.numeric(yi), na.rm = TRUE))
  rung <- function(threshold, stepadj, maxiter) {
    list(threshold = threshold * scale, tol = 1e-13 * scale, maxiter = maxiter,
         stepadj = stepadj, tau2.max = top)
  }
  list(rung(1e-12, 1, 1000), rung(1e-12, 0.5, 10000), rung(1e-10, 0.5, 10000), rung(1e-8, 0.25, 50000))
}

# rma.uni with the tightest control that converges; the rung and its threshold ride along.
tight_rma <- function(yi, vi, ...) {
  ladder <- control_ladder(yi, vi)
  for (step in seq_along(ladder)) {
    fit <- tryCatch(metafor::rma.uni(yi, vi, ..., control = ladder[[step]]), error = identity)
    if (!inherits(fit, "error")) break
    if (!grepl("converge", conditionMessage(fit))) break
  }
  if (inherits(fit, "error")) stop(fit)
  fit$rung <- step
  fit$used_threshold <- ladder[[step]]$threshold
  fit
}

# A number, or NA (null in JSON) where metafor has nothing to say.
num <- function(x) if (is.null(x) || length(x) == 0L) NA_real_ else as.numeric(x)

slug <- function(...) paste(c(...), collapse = "-")

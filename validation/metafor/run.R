# Reference values of metafor for this project's tests.
#   Rscript validation/metafor/run.R [OUTDIR] [PART ...]
# Writes one JSON file a part into OUTDIR (default: reference/ beside this file). Running it
# twice gives the same bytes. A part whose packages are missing is skipped and named in
# versions.json.

options(warn = 1, digits = 15)
here <- dirname(normalizePath(sub("^--file=", "", grep("^--file=", commandArgs(FALSE), value = TRUE)[1])))
for (file in sort(list.files(file.path(here, "parts"), pattern = "\\.R$", full.names = TRUE))) source(file)
suppressPackageStartupMessages(library(metafor))

# Part name = file name. `needs` are packages beyond metafor and metadat.
parts <- list(
  datasets = list(make = function(sets) dataset_records(sets)),
  effects = list(make = function(sets) effect_records(sets)),
  fits = list(make = function(sets) fit_records(sets)),
  intervals = list(make = function(sets) interval_records(sets)),
  mh_peto = list(make = function(sets) mh_peto_records(sets)),
  metareg = list(make = function(sets) metareg_records(sets)),
  metareg_intervals = list(make = function(sets) metareg_interval_records(sets)),
  multivariate = list(make = function(sets) multivariate_records(sets), needs = "clubSandwich"),
  diagnostics = list(make = function(sets) diagnostic_records(sets)),
  refits = list(make = function(sets) refit_records(sets)),
  small_study = list(make = function(sets) small_study_records(sets), needs = "numDeriv"),
  transforms = list(make = function(sets) transform_records(sets)),
  over_time = list(make = function(sets) over_time_records(sets)),
  components = list(make = function(sets) component_records(sets)),
  covariances = list(make = function(sets) covariance_records(sets)),
  glmm = list(make = function(sets) glmm_records(sets), needs = c("lme4", "BiasedUrn", "numDeriv")),
  henmi_copas = list(make = function(sets) henmi_copas_records(sets))
)

versions <- function(written, skipped) {
  known <- c("metafor", "metadat", "Matrix", "nlme", "numDeriv", "lme4", "BiasedUrn", "clubSandwich", "CompQuadForm", "gsl")
  found <- lapply(setNames(known, known), function(p) if (installed(p)) as.character(packageVersion(p)) else NULL)
  c(list(R = as.character(getRversion()), packages = found, written = arr(written)), if (length(skipped)) list(skipped = skipped))
}

installed <- function(package) nzchar(system.file(package = package))

main <- function(args) {
  outdir <- if (length(args)) args[1] else file.path(here, "reference")
  wanted <- if (length(args) > 1L) args[-1] else names(parts)
  unknown <- setdiff(wanted, names(parts))
  if (length(unknown)) stop("unknown part ", unknown[1], ": choose from ", paste(names(parts), collapse = ", "))
  dir.create(outdir, recursive = TRUE, showWarnings = FALSE)
  sets <- all_datasets()
  skipped <- list()
  for (name in wanted) {
    missing <- Filter(Negate(installed), parts[[name]]$needs)
    if (length(missing)) {
      skipped[[name]] <- arr(missing)
      next
    }
    started <- proc.time()[["elapsed"]]
    write_records(parts[[name]]$make(sets), file.path(outdir, paste0(name, ".json")))
    message(sprintf("%-14s %6.1f s", name, proc.time()[["elapsed"]] - started))
  }
  if (identical(wanted, names(parts))) {
    write_utf8(to_json(versions(setdiff(wanted, names(skipped)), skipped)), file.path(outdir, "versions.json"))
  }
}

main(commandArgs(TRUE))

# Every data set that the reference values are made of, with this project's column names.
# The numbers come out of the installed metadat; the citations name the article they were
# printed in. Nothing is filled in: an NA of metadat stays one.

dataset <- function(id, family, citation, columns, note = NULL) {
  # R's integers overflow at 2^31 inside escalc (the margins of a large table multiplied).
  plain <- lapply(columns, function(x) if (is.numeric(x)) as.numeric(x) else as.vector(x))
  columns <- as.data.frame(plain, stringsAsFactors = FALSE)
  list(id = id, family = family, citation = citation, note = note, k = nrow(columns), columns = columns)
}

meta <- function(name) get(name, envir = asNamespace("metadat"))

# Two groups of counts out of columns with metafor-like names.
counts <- function(d, et, nt, ec, nc, ...) {
  list(..., events_t = d[[et]], n_t = d[[nt]], events_c = d[[ec]], n_c = d[[nc]])
}

means <- function(d, ...) {
  list(..., mean_t = d$m1i, sd_t = d$sd1i, n_t = d$n1i, mean_c = d$m2i, sd_c = d$sd2i, n_c = d$n2i)
}

all_datasets <- function() {
  sets <- c(binary_datasets(), rare_datasets(), means_datasets(), paired_datasets(),
            single_datasets(), rate_datasets(), generic_datasets(), correlated_datasets())
  names(sets) <- vapply(sets, function(s) s$id, "")
  sets
}

dataset_records <- function(sets) {
  unname(lapply(sets, function(s) {
    list(id = s$id, family = s$family, citation = s$citation, note = s$note, k = s$k, columns = s$columns)
  }))
}

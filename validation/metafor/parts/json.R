# A small JSON writer. jsonlite rounds to 15 significant digits, and a reference value
# must survive the trip to Python without losing a bit, so numbers are written here.

# 15 significant digits where they name the same double, 17 otherwise.
json_number <- function(x) {
  short <- sprintf("%.15g", x)
  exact <- suppressWarnings(as.numeric(short)) == x
  out <- ifelse(exact, short, sprintf("%.17g", x))
  out[!is.finite(x)] <- "null"
  out
}

json_string <- function(x) {
  x <- enc2utf8(x)
  out <- gsub("\\", "\\\\", x, fixed = TRUE)
  out <- gsub("\"", "\\\"", out, fixed = TRUE)
  out <- gsub("[[:cntrl:]]+", " ", out)
  ifelse(is.na(x), "null", paste0("\"", out, "\""))
}

json_atoms <- function(x) {
  if (is.factor(x)) x <- as.character(x)
  if (is.logical(x)) return(ifelse(is.na(x), "null", ifelse(x, "true", "false")))
  if (is.numeric(x)) return(json_number(as.numeric(x)))
  json_string(as.character(x))
}

# Wrap a vector that must stay a JSON array even when it has one element.
arr <- function(x) if (is.null(x)) NULL else I(as.vector(x))

# A matrix as an array of rows.
mat <- function(x) lapply(seq_len(nrow(x)), function(i) arr(unname(x[i, ])))

to_json <- function(x) {
  if (is.null(x)) return("null")
  if (is.matrix(x)) return(to_json(mat(x)))
  if (is.data.frame(x)) x <- lapply(as.list(x), arr)
  if (is.list(x)) {
    parts <- vapply(x, to_json, "")
    if (is.null(names(x))) return(paste0("[", paste(parts, collapse = ","), "]"))
    pairs <- paste0(json_string(names(x)), ":", parts)
    return(paste0("{", paste(pairs, collapse = ","), "}"))
  }
  atoms <- json_atoms(x)
  if (length(atoms) == 1L && !inherits(x, "AsIs")) return(atoms)
  paste0("[", paste(atoms, collapse = ","), "]")
}

# One record a line, so that a change in one number is a change of one line.
write_records <- function(records, path) {
  ids <- vapply(records, function(r) r$id, "")
  if (anyDuplicated(ids)) stop("two records share the id ", ids[duplicated(ids)][1])
  lines <- vapply(unname(records), to_json, "")
  write_utf8(c("[", paste0(lines, c(rep(",", length(lines) - 1L), "")), "]"), path)
}

write_utf8 <- function(lines, path) {
  con <- file(path, open = "wb")
  on.exit(close(con))
  writeLines(lines, con, sep = "\n", useBytes = TRUE)
}

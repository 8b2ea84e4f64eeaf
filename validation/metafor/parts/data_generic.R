# Estimates that come with their variances, independent or not.

generic_datasets <- function() {
  rau <- meta("dat.raudenbush1985"); ban <- meta("dat.bangertdrowns2004"); hac <- meta("dat.hackshaw1998")
  pig <- meta("dat.pignon2000"); beg <- meta("dat.begg1989")
  list(
    dataset("dat.raudenbush1985", "generic",
      "Raudenbush SW, Bryk AS. Empirical Bayes meta-analysis. J Educ Stat 1985;10(2):75-98",
      list(study = rau$author, y = rau$yi, v = rau$vi, year = rau$year, weeks = rau$weeks, setting = rau$setting, tester = rau$tester)),
    dataset("dat.bangertdrowns2004", "generic",
      "Bangert-Drowns RL, Hurley MM, Wilkinson B. The effects of school-based writing-to-learn interventions on academic achievement. Rev Educ Res 2004;74(1):29-58",
      list(study = ban$author, y = ban$yi, v = ban$vi, year = ban$year, grade = ban$grade, length = ban$length, wic = ban$wic,
           feedback = ban$feedback, info = ban$info, pers = ban$pers, imag = ban$imag, meta = ban$meta, n = ban$ni)),
    dataset("dat.hackshaw1998", "generic",
      "Hackshaw AK. Lung cancer and passive smoking. Stat Methods Med Res 1998;7(2):119-136",
      list(study = hac$author, y = hac$yi, v = hac$vi, year = hac$year, country = hac$country, design = hac$design, cases = hac$cases)),
    dataset("dat.pignon2000", "generic",
      "Pignon JP, Bourhis J, Domenge C, Designe L. Chemotherapy added to locoregional treatment for head and neck squamous-cell carcinoma. Lancet 2000;355(9208):949-955",
      list(study = pig$trial, y = pig$OmE / pig$V, v = 1 / pig$V, group = pig$grp), "log hazard ratio: y = (O-E)/V, v = 1/V"),
    dataset("dat.begg1989", "generic",
      "Begg CB, Pilote L. A model for incorporating historical controls into a meta-analysis. Biometrics 1991;47(3):899-906",
      list(study = as.character(beg$study), y = beg$yi, v = beg$vi, treatment = beg$trt, arms = beg$arms))
  )
}

# Estimates that share patients, schools or time, for the multivariate models.
correlated_datasets <- function() {
  kon <- meta("dat.konstantopoulos2011"); ber <- meta("dat.berkey1998"); ass <- meta("dat.assink2016")
  kal <- meta("dat.kalaian1996")
  list(
    dataset("dat.konstantopoulos2011", "multilevel",
      "Konstantopoulos S. Fixed effects and variance components estimation in three-level meta-analysis. Res Synth Methods 2011;2(1):61-76",
      list(study = as.character(kon$study), y = kon$yi, v = kon$vi, district = kon$district, school = kon$school, year = kon$year)),
    ishak_dataset(),
    dataset("dat.berkey1998", "multivariate",
      "Berkey CS, Hoaglin DC, Antczak-Bouckoms A, Mosteller F, Colditz GA. Meta-analysis of multiple outcomes by regression with random effects. Stat Med 1998;17(22):2537-2550",
      list(study = ber$author, trial = ber$trial, outcome = ber$outcome, y = ber$yi, v = ber$vi, v1i = ber$v1i, v2i = ber$v2i, year = ber$year),
      "v1i and v2i are the rows of each trial's 2 x 2 sampling covariance"),
    fine_dataset(),
    dataset("dat.assink2016", "multilevel",
      "Assink M, Wibbelink CJM. Fitting three-level meta-analytic models in R: a step-by-step tutorial. Quant Methods Psychol 2016;12(3):154-174",
      list(study = as.character(ass$study), esid = ass$esid, y = ass$yi, v = ass$vi, pubstatus = ass$pubstatus, year = ass$year, deltype = ass$deltype)),
    dataset("dat.kalaian1996", "multivariate",
      "Kalaian HA, Raudenbush SW. A multivariate mixed linear model for meta-analysis. Psychol Methods 1996;1(3):227-235",
      list(study = kal$study, outcome = kal$outcome, y = kal$yi, v = kal$vi, n_t = kal$n1i, n_c = kal$n2i, hours = kal$hrs))
  )
}

# One row a study and time; times with no value are left out, as they have none.
ishak_dataset <- function() {
  wide <- meta("dat.ishak2007")
  long <- do.call(rbind, lapply(1:4, function(t) {
    data.frame(order = seq_len(nrow(wide)), study = wide$study, time = t,
               y = as.numeric(wide[[paste0("y", t, "i")]]), v = wide[[paste0("v", t, "i")]],
               mdur = wide$mdur, mbase = wide$mbase, stringsAsFactors = FALSE)
  }))
  long <- subset(long, !is.na(y) & !is.na(v))
  long <- long[order(long$order, long$time), ]
  dataset("dat.ishak2007", "multivariate",
    "Ishak KJ, Platt RW, Joseph L, Hanley JA, Caro JJ. Meta-analysis of longitudinal studies. Clin Trials 2007;4(5):525-539",
    as.list(long[c("study", "time", "y", "v", "mdur", "mbase")]),
    "time 1 to 4 is 3, 6, 12 months and the long-term follow-up")
}

# Survival counts at four times; the log odds ratio and its variance are computed here by escalc.
fine_dataset <- function() {
  wide <- meta("dat.fine1993")
  long <- do.call(rbind, lapply(1:4, function(t) {
    data.frame(study = as.character(wide$study), time = t, events_t = wide[[paste0("e", t, "i")]], n_t = wide$nei,
               events_c = wide[[paste0("c", t, "i")]], n_c = wide$nci, stringsAsFactors = FALSE)
  }))
  long <- long[order(as.integer(long$study), long$time), ]
  effect <- metafor::escalc("OR", ai = events_t, n1i = n_t, ci = events_c, n2i = n_c, data = long, append = FALSE)
  dataset("dat.fine1993", "multivariate",
    "Fine HA et al. 1993, data of Trikalinos TA, Olkin I. Meta-analysis of effect sizes reported at multiple time points. Clin Trials 2012;9(5):610-620",
    c(as.list(long), list(y = as.numeric(effect$yi), v = effect$vi)),
    "alive at 6, 12, 18 and 24 months; y is the log odds ratio with 0.5 added where a cell is zero")
}

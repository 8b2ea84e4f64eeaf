# Means, paired designs, single groups and rates.

means_datasets <- function() {
  nor <- meta("dat.normand1999"); cur <- meta("dat.curtis1998"); gib <- meta("dat.gibson2002")
  mic <- meta("dat.michael2013")
  names(mic)[2:7] <- c("n2i", "m2i", "sd2i", "n1i", "m1i", "sd1i")
  list(
    dataset("dat.normand1999", "means",
      "Normand ST. Meta-analysis: formulating, evaluating, combining, and reporting. Stat Med 1999;18(3):321-359",
      means(nor, study = nor$source)),
    dataset("dat.curtis1998", "means",
      "Curtis PS, Wang X 1998, data of Hedges LV, Gurevitch J, Curtis PS. The meta-analysis of response ratios in experimental ecology. Ecology 1999;80(4):1150-1156, archive E080-008-S1",
      means(cur, study = as.character(cur$id), paper = cur$paper, time = cur$time, method = cur$method, fungrp = cur$fungrp)),
    dataset("dat.gibson2002", "means",
      "Gibson PG, Powell H, Wilson A, et al. Self-management education and regular practitioner review for adults with asthma. Cochrane Database Syst Rev 2002;3:CD001117",
      means(gib, study = gib$author, year = gib$year, type = gib$type), "two rows without means"),
    dataset("dat.michael2013", "means",
      "Michael RB, Newman EJ, Vuorre M, Cumming G, Garry M. On the (non)persuasive power of a brain image. Psychon Bull Rev 2013;20(4):720-725",
      means(mic, study = mic$Study, critique = mic$Included_Critique), "treatment: brain image; control: none")
  )
}

# Table 5 of Morris (2008), five studies of Carlson and Schmidt (1999); not part of metadat.
morris_frame <- function(arm) {
  if (arm == "treatment") {
    data.frame(mean_post = c(38.5, 26.8, 0.7, 75.9, 36.0), sd_post = c(11.6, 4.1, 0.1, 4.4, 4.6),
               mean_pre = c(30.6, 23.5, 0.5, 53.4, 35.6), sd_pre = c(15.0, 3.1, 0.1, 14.5, 4.7),
               n = c(20, 50, 9, 10, 14), r = c(0.47, 0.64, 0.77, 0.89, 0.44))
  } else {
    data.frame(mean_post = c(19.7, 25.3, 0.6, 60.7, 33.4), sd_post = c(14.8, 3.3, 0.2, 17.9, 6.9),
               mean_pre = c(23.1, 24.9, 0.6, 55.7, 34.8), sd_pre = c(13.8, 4.1, 0.2, 17.3, 3.1),
               n = c(20, 42, 9, 11, 14), r = c(0.47, 0.64, 0.77, 0.89, 0.44))
  }
}

paired_datasets <- function() {
  source <- paste("Morris SB. Estimating effect sizes from pretest-posttest-control group designs.",
                  "Organ Res Methods 2008;11(2):364-386, table 5")
  note <- "not in metadat: typed from the table as printed on metafor's page analyses:morris2008"
  eye <- subset(meta("dat.bourassa1996"), sex == "combined")
  a <- eye$lh.le; b <- eye$lh.re; c <- eye$rh.le; d <- eye$rh.re
  margins <- as.numeric(a + b) * (c + d) * (a + c) * (b + d)
  phi <- (as.numeric(a) * d - as.numeric(b) * c) / sqrt(margins)
  list(
    dataset("morris2008.treatment", "paired", source, c(study = list(as.character(1:5)), morris_frame("treatment")), note),
    dataset("morris2008.control", "paired", source, c(study = list(as.character(1:5)), morris_frame("control")), note),
    dataset("dat.bourassa1996", "matched",
      "Bourassa DC, McManus IC, Bryden MP. Handedness and eye-dominance: a meta-analysis of their relationship. Laterality 1996;1(1):5-34",
      list(study = paste(eye$author, eye$year), sample = eye$sample, yes_yes = a, yes_no = b, no_yes = c, no_no = d,
           events_t = a + b, n_t = a + b + c + d, events_c = a + c, n_c = a + b + c + d, r = phi),
      "rows with both sexes together; a person's hand is the first of the pair, the eye the second (yes = left); r is the phi of the paired table, computed here")
  )
}

single_datasets <- function() {
  pri <- meta("dat.pritz1997"); bru <- meta("dat.debruin2009"); han <- meta("dat.hannum2020")
  mol <- meta("dat.molloy2014"); mcd <- meta("dat.mcdaniel1994"); coh <- meta("dat.cohen1981")
  nak <- meta("dat.nakagawa2007"); nor <- meta("dat.normand1999"); sen <- meta("dat.senn2013")
  list(
    dataset("dat.pritz1997", "proportion",
      "Pritz MB 1997, as tabulated in Zhou XH, Brizendine EJ, Pritz MB. Methods for combining rates from several studies. Stat Med 1999;18(5):557-566",
      list(study = pri$authors, events = pri$xi, n = pri$ni)),
    dataset("dat.debruin2009", "proportion",
      "de Bruin M, Viechtbauer W, Hospers HJ, Schaalma HP, Kok G. Standard care quality determines treatment outcomes in control groups of HAART-adherence intervention studies. Health Psychol 2009;28(6):668-674",
      list(study = bru$author, events = bru$xi, n = bru$ni, year = bru$year, scq = bru$scq, ethnicity = bru$ethnicity, select = bru$select)),
    dataset("dat.hannum2020", "proportion",
      "Ramirez VA, Hannum ME, Lipson SJ, et al. COVID-19 smell loss prevalence tracker, 2020 (data behind Hannum ME et al. Chem Senses 2020)",
      list(study = han$authorName, events = han$xi, n = han$ni, objectivity = han$objectivity)),
    dataset("dat.molloy2014", "correlation",
      "Molloy GJ, O'Carroll RE, Ferguson E. Conscientiousness and medication adherence: a meta-analysis. Ann Behav Med 2014;47(1):92-101",
      list(study = mol$authors, r = mol$ri, n = mol$ni, year = mol$year, meanage = mol$meanage, design = mol$design, quality = mol$quality)),
    dataset("dat.mcdaniel1994", "correlation",
      "McDaniel MA, Whetzel DL, Schmidt FL, Maurer SD 1994, data of Rothstein HR, Sutton AJ, Borenstein M (eds). Publication Bias in Meta-Analysis. Wiley 2005",
      list(study = as.character(mcd$study), r = mcd$ri, n = mcd$ni, type = mcd$type, struct = mcd$struct)),
    dataset("dat.cohen1981", "correlation",
      "Cohen PA 1981, data of Cooper H, Hedges LV (eds). The Handbook of Research Synthesis. Russell Sage Foundation 1994:543-547",
      list(study = coh$study, r = coh$ri, n = coh$ni)),
    dataset("dat.nakagawa2007", "correlation",
      "Nakagawa S, Ockendon N, Gillespie DOS, Hatchwell BJ, Burke T. Assessing the function of house sparrows' bib size using a flexible meta-analysis method. Behav Ecol 2007;18(5):831-840",
      list(study = nak$StudyID, r = nak$Correlation, n = nak$SampleSize)),
    dataset("dat.normand1999.control", "mean_single",
      "Normand ST. Meta-analysis: formulating, evaluating, combining, and reporting. Stat Med 1999;18(3):321-359",
      list(study = nor$source, mean = nor$m2i, sd = nor$sd2i, n = nor$n2i), "the control arms"),
    dataset("dat.senn2013", "mean_single",
      "Senn S, Gavini F, Magrez D, Scheen A. Issues in performing a network meta-analysis. Stat Methods Med Res 2013;22(2):169-189",
      list(study = sen$study, mean = sen$mi, sd = sen$sdi, n = sen$ni, treatment = sen$treatment), "one row an arm; negative means")
  )
}

rate_datasets <- function() {
  cvc <- meta("dat.nielweise2008"); hart <- meta("dat.hart1999")
  cvc_source <- "Niel-Weise BS, Stijnen T, van den Broek PJ. Anti-infective-treated central venous catheters for total parenteral nutrition or chemotherapy. J Hosp Infect 2008;69(2):114-123"
  hart_source <- "Hart RG, Benavente O, McBride R, Pearce LA. Antithrombotic therapy to prevent stroke in patients with atrial fibrillation. Ann Intern Med 1999;131(7):492-501"
  list(
    dataset("dat.nielweise2008", "rate", cvc_source,
      list(study = cvc$authors, events_t = cvc$x1i, time_t = cvc$t1i, events_c = cvc$x2i, time_c = cvc$t2i, year = cvc$year)),
    dataset("dat.hart1999", "rate", hart_source,
      list(study = hart$study, events_t = hart$x1i, time_t = hart$t1i, events_c = hart$x2i, time_c = hart$t2i, year = hart$year)),
    dataset("dat.nielweise2008.control", "rate_single", cvc_source,
      list(study = cvc$authors, events = cvc$x2i, time = cvc$t2i), "the control arms"),
    dataset("dat.hart1999.treatment", "rate_single", hart_source,
      list(study = hart$study, events = hart$x1i, time = hart$t1i), "the warfarin arms"),
    dataset("dat.nielweise2008.treatment", "rate_single", cvc_source,
      list(study = cvc$authors, events = cvc$x1i, time = cvc$t1i), "the treated arms; zero events occur")
  )
}

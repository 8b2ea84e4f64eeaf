# Two-group counts.

binary_datasets <- function() {
  bcg <- meta("dat.bcg")
  bcg$nt <- bcg$tpos + bcg$tneg
  bcg$nc <- bcg$cpos + bcg$cneg
  col_a <- meta("dat.collins1985a"); col_b <- meta("dat.collins1985b")
  six <- subset(meta("dat.yusuf1985"), table == "6")
  linde <- meta("dat.linde2005"); hine <- meta("dat.hine1989"); vie <- meta("dat.viechtbauer2021")
  damico <- meta("dat.damico2009"); dorn <- meta("dat.dorn2007"); cannon <- meta("dat.cannon2006")
  lee <- meta("dat.lee2004"); lao <- meta("dat.laopaiboon2015"); egger <- meta("dat.egger2001")
  list(
    dataset("dat.bcg", "binary",
      "Colditz GA, Brewer TF, Berkey CS, et al. Efficacy of BCG vaccine in the prevention of tuberculosis. JAMA 1994;271(9):698-702",
      counts(bcg, "tpos", "nt", "cpos", "nc", study = bcg$author, year = bcg$year, ablat = bcg$ablat, alloc = bcg$alloc)),
    dataset("dat.collins1985a", "binary",
      "Collins R, Langman M. Treatment with histamine H2 antagonists in acute upper gastrointestinal hemorrhage. N Engl J Med 1985;313(11):660-666",
      counts(col_a, "b.xti", "nti", "b.xci", "nci", study = col_a$trial, year = col_a$year), "outcome: rebleeding"),
    dataset("dat.collins1985b", "binary",
      "Collins R, Yusuf S, Peto R. Overview of randomised trials of diuretics in pregnancy. Br Med J 1985;290(6461):17-23",
      counts(col_b, "pre.xti", "pre.nti", "pre.xci", "pre.nci", study = col_b$author, year = col_b$year, oedema = col_b$oedema),
      "outcome: any pre-eclampsia"),
    dataset("dat.yusuf1985.table6", "binary",
      "Yusuf S, Peto R, Lewis J, Collins R, Sleight P. Beta blockade during and after myocardial infarction. Prog Cardiovasc Dis 1985;27(5):335-371",
      counts(six, "ai", "n1i", "ci", "n2i", study = six$trial), "table 6 of the article"),
    dataset("dat.linde2005", "binary",
      "Linde K, Berner M, Egger M, Mulrow C. St John's wort for depression: meta-analysis of randomised controlled trials. Br J Psychiatry 2005;186(2):99-107",
      counts(linde, "ai", "n1i", "ci", "n2i", study = linde$study, year = linde$year, group = linde$group,
             baseline = linde$baseline, duration = linde$duration)),
    dataset("dat.hine1989", "binary",
      "Hine LK, Laird N, Hewitt P, Chalmers TC 1989, as tabulated in Normand ST. Stat Med 1999;18(3):321-359",
      counts(hine, "ai", "n1i", "ci", "n2i", study = hine$source)),
    dataset("dat.viechtbauer2021", "binary",
      "Viechtbauer W. Model checking in meta-analysis. In: Schmid CH, Stijnen T, White IR (eds). Handbook of Meta-Analysis. CRC Press 2021:219-254",
      counts(vie, "xTi", "nTi", "xCi", "nCi", study = as.character(vie$trial), dose = vie$dose)),
    dataset("dat.damico2009", "binary",
      "D'Amico R, Pifferi S, Torri V, et al. Antibiotic prophylaxis in adults receiving intensive care. Cochrane Database Syst Rev 2009;4:CD000022",
      counts(damico, "xt", "nt", "xc", "nc", study = damico$study, year = damico$year, conceal = damico$conceal)),
    dataset("dat.dorn2007", "binary",
      "Dorn SD, Kaptchuk TJ, Park JB, et al. A meta-analysis of the placebo response in complementary and alternative medicine trials of irritable bowel syndrome. Neurogastroenterol Motil 2007;19(8):630-637",
      counts(dorn, "x.a", "n.a", "x.p", "n.p", study = dorn$study, year = dorn$year, days = dorn$days, criteria = dorn$ibs.crit)),
    dataset("dat.cannon2006", "binary",
      "Cannon CP, Steinberg BA, Murphy SA, Mega JL, Braunwald E. Meta-analysis of cardiovascular outcomes trials comparing intensive versus moderate statin therapy. J Am Coll Cardiol 2006;48(3):438-445",
      counts(cannon, "ep1t", "nt", "ep1c", "nc", study = cannon$trial, population = cannon$pop), "endpoint 1"),
    dataset("dat.lee2004", "binary",
      "Lee A, Done ML. Stimulation of the wrist acupuncture point P6 for preventing postoperative nausea and vomiting. Cochrane Database Syst Rev 2004;3:CD003281",
      counts(lee, "ai", "n1i", "ci", "n2i", study = lee$study, year = lee$year)),
    dataset("dat.laopaiboon2015", "binary",
      "Laopaiboon M, Panpanich R, Swa Mya K. Azithromycin for acute lower respiratory tract infections. Cochrane Database Syst Rev 2015;3:CD001954",
      counts(lao, "ai", "n1i", "ci", "n2i", study = lao$author, year = lao$year, age = lao$age)),
    dataset("dat.egger2001", "binary",
      "Egger M, Davey Smith G, Altman DG (eds). Systematic Reviews in Health Care: Meta-Analysis in Context, 2nd ed. BMJ Books 2001",
      counts(egger, "ai", "n1i", "ci", "n2i", study = egger$study, year = egger$year))
  )
}

# Counts with zero cells, double zeros or very rare events.
rare_datasets <- function() {
  col_a <- meta("dat.collins1985a"); col_b <- meta("dat.collins1985b")
  cvc <- meta("dat.nielweise2007"); li <- meta("dat.li2007"); hahn <- meta("dat.hahn2001")
  hcq <- meta("dat.axfors2021"); graves <- meta("dat.graves2010")
  list(
    dataset("dat.collins1985a.deaths", "binary",
      "Collins R, Langman M. Treatment with histamine H2 antagonists in acute upper gastrointestinal hemorrhage. N Engl J Med 1985;313(11):660-666",
      counts(col_a, "d.xti", "nti", "d.xci", "nci", study = col_a$trial, year = col_a$year), "outcome: death; double zeros and missing rows"),
    dataset("dat.collins1985b.stillbirths", "binary",
      "Collins R, Yusuf S, Peto R. Overview of randomised trials of diuretics in pregnancy. Br Med J 1985;290(6461):17-23",
      counts(col_b, "stb.xti", "fup.nti", "stb.xci", "fup.nci", study = col_b$author, year = col_b$year),
      "outcome: stillbirth; double zeros and a missing row"),
    dataset("dat.nielweise2007", "binary",
      "Niel-Weise BS, Stijnen T, van den Broek PJ. Anti-infective-treated central venous catheters. Intensive Care Med 2007;33(12):2058-2068",
      counts(cvc, "ai", "n1i", "ci", "n2i", study = cvc$author, year = cvc$year)),
    dataset("dat.li2007", "binary",
      "Li J, Zhang Q, Zhang M, Egger M. Intravenous magnesium for acute myocardial infarction. Cochrane Database Syst Rev 2007;2:CD002755",
      counts(li, "ai", "n1i", "ci", "n2i", study = li$study, year = li$year)),
    dataset("dat.hahn2001", "binary",
      "Hahn S, Kim Y, Garner P. Reduced osmolarity oral rehydration solution for treating dehydration due to diarrhoea in children. BMJ 2001;323(7304):81-85",
      counts(hahn, "ai", "n1i", "ci", "n2i", study = hahn$study), "double zeros"),
    dataset("dat.axfors2021", "binary",
      "Axfors C, Schmitt A, Janiaud P, et al. Hydroxychloroquine and chloroquine for survival in COVID-19: an international collaborative meta-analysis of randomized trials. OSF 2021, doi 10.17605/OSF.IO/QESV4",
      counts(hcq, "hcq_arm_event", "hcq_arm_total", "control_arm_event", "control_arm_total",
             study = hcq$id, drug = hcq$hcq_cq, setting = hcq$patient_setting), "many rows without a death in either arm"),
    dataset("dat.graves2010", "binary",
      "Graves PM, Deeks JJ, Demicheli V, Jefferson T. Vaccines for preventing cholera: killed whole cell or other subunit vaccines (injected). Cochrane Database Syst Rev 2010;8:CD000974",
      counts(graves, "ai", "n1i", "ci", "n2i", study = graves$study), "rare events, arms of thousands")
  )
}

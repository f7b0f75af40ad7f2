// The kinds of economic events, how their titles are recognised in English and Japanese, and how long before and after
// each no entry is made: one table. Pure. A title that fits several kinds gets the widest of their windows: what is
// ambiguous keeps entries away for longer, never for less.

/** Whose events have a wider window; every other currency has the setting's. */
type WindowsOf = Readonly<Record<string, number>>;
interface Kind {
  readonly name: string;
  /** Any of them in a normalised title (`plainTitle`). */
  readonly words: RegExp;
  /** Minutes by currency; absent: the setting NEWS_WINDOW_MINUTES (the owner's design: 30). */
  readonly windows?: WindowsOf;
}

/**
 * The Bank of Japan announces at no fixed time (usually 11:30 to 13:00 Tokyo), so a nominal time needs a wide window
 * (DESIGN 8: 90 minutes). The same for what its governor says, and for whatever else names the bank.
 */
const BANK_OF_JAPAN: WindowsOf = { JPY: 90 };

/** The first kind that fits names the event; all that fit count for its window. */
const KINDS = [
  {
    name: "pressConference",
    words: /press conf|presser|news conference|会見/,
    windows: BANK_OF_JAPAN,
  },
  { name: "minutes", words: /\bminutes\b|summary of opinions|議事要旨|議事録|議事概要|主な意見/ },
  {
    name: "outlook",
    words:
      /outlook report|beige book|economic projections|dot plot|展望レポート|展望リポート|経済見通し|地区連銀経済報告/,
    windows: BANK_OF_JAPAN,
  },
  {
    name: "rateDecision",
    words:
      /rate decision|rate statement|interest rates?\b|policy rate|monetary policy|policy (statement|decision|meeting|announcement)|\bfomc\b|(fed|federal) funds|overnight call|\b(cash|bank|refi|refinancing|deposit) rate|\bmpm\b|政策金利|金融政策|政策決定会合|公開市場委員会|市場調節方針|無担保コール|利上げ|利下げ/,
    windows: BANK_OF_JAPAN,
  },
  { name: "cpi", words: /\bcpi\b|\bhicp\b|consumer price|consumer inflation|消費者物価|インフレ率/ },
  {
    name: "producerPrices",
    words:
      /\b[pc]?ppi\b|\bcgpi\b|producer price|corporate goods price|生産者物価|卸売物価|企業物価|企業向けサービス価格/,
  },
  {
    name: "consumption",
    words:
      /\bpce\b|personal (income|consumption|spending|outlays)|household spending|個人消費|個人所得|個人支出|家計調査|消費支出/,
  },
  {
    name: "jobs",
    words:
      /non ?farm|\bnfp\b|payrolls?\b|employment|unemployment|jobless|\bjolts\b|job openings|\badp\b|average hourly earnings|\bcash earnings|雇用|失業|求人|平均時給|勤労統計/,
  },
  { name: "gdp", words: /\bgdp\b|gross domestic product|国内総生産/ },
  { name: "retailSales", words: /retail sales|retail trade|小売/ },
  {
    name: "businessSurvey",
    words:
      /\bism\b|\bpmi\b|purchasing managers|tankan|business conditions|empire state|philadelphia fed|philly fed|短観|購買担当者|景況|景気指数|景気動向/,
  },
  {
    name: "consumerSurvey",
    words:
      /consumer (confidence|sentiment)|michigan|economy watchers|ミシガン|消費者信頼感|消費者態度|景気ウォッチャー/,
  },
  {
    name: "production",
    words:
      /industrial (production|output)|machinery orders|machine orders|durable goods|factory orders|鉱工業|機械受注|耐久財|製造業受注/,
  },
  { name: "trade", words: /trade (balance|deficit)|balance of trade|current account|貿易|経常収支|国際収支/ },
  { name: "housing", words: /housing starts|home sales|building permits|住宅|建設許可/ },
  { name: "speech", words: /speaks|speech|testimony|testif|remarks|jackson hole|講演|発言|証言|ジャクソンホール/ },
  { name: "intervention", words: /intervention|為替介入/ },
  {
    name: "centralBank",
    words: /\bboj\b|bank of japan|\bfed\b|federal reserve|\bfrb\b|\becb\b|\bboe\b|日銀|日本銀行|連邦準備|連銀/,
    windows: BANK_OF_JAPAN,
  },
] as const satisfies readonly Kind[];
export type EventKind = (typeof KINDS)[number]["name"];

const CJK = "\\p{Script=Han}\\p{Script=Hiragana}\\p{Script=Katakana}ー";
const GAP = new RegExp(`(?<=[${CJK}]) (?=[${CJK}])`, "gu");
/** A title for comparing: full-width letters made narrow, lower case, without points and punctuation, single blanks. */
export const plainTitle = (title: string): string =>
  title
    .normalize("NFKC")
    .replace(/\p{Cf}/gu, "")
    .toLowerCase()
    .replace(/(?<=\b[a-z])\.(?=[a-z]\b)|(?<=\b[a-z])\.(?=\s|$)/g, "") // B.O.J.
    .replace(/[^\p{L}\p{N}\p{M}%ー]+/gu, " ")
    .trim()
    .replace(GAP, "");

const NAMES_BANK_OF_JAPAN = /\bboj\b|bank of japan|日銀|日本銀行/;

interface Titled {
  readonly currency: string;
  readonly title: string;
}
const kindsOf = ({ title }: Titled): readonly Kind[] => {
  const plain = plainTitle(title);
  return KINDS.filter((kind) => kind.words.test(plain));
};

/** undefined: none of the table. */
export const eventKind = (event: Titled): EventKind | undefined => kindsOf(event)[0]?.name as EventKind | undefined;

/** The table's window for an event without one of its own, minutes; undefined: the setting's. */
export const kindWindowMinutes = (event: Titled): number | undefined => {
  // Filed under another currency by mistake, a title that names the bank still gets its window.
  const currency = NAMES_BANK_OF_JAPAN.test(plainTitle(event.title)) ? "JPY" : event.currency;
  const wide = kindsOf(event).flatMap((kind) => kind.windows?.[currency] ?? []);
  return wide.length === 0 ? undefined : Math.max(...wide);
};

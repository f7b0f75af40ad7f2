// The report's CSS: one column, wide spacing, aligned numbers, light and dark, readable on a phone. Loads no font or
// image.

export const REPORT_STYLE = `
:root{color-scheme:light dark;--paper:#fbfaf8;--card:#fff;--ink:#1d2126;--soft:#626a73;--line:#e4e1db;--fine:#efece6;
--gain:#0b7d69;--loss:#c2410c;--mark:#2f5fd0;--news:#b7791f;--shade:rgba(47,95,208,.10);--gainShade:rgba(11,125,105,.13);
--lossShade:rgba(194,65,12,.11);--newsShade:rgba(183,121,31,.18)}
@media (prefers-color-scheme:dark){:root{--paper:#14171b;--card:#1b1f24;--ink:#e8e6e1;--soft:#9aa3ad;--line:#2d333a;--fine:#242a30;
--gain:#3fc1a6;--loss:#f08a5d;--mark:#7ea2ff;--news:#e0b050;--shade:rgba(126,162,255,.14);--gainShade:rgba(63,193,166,.16);
--lossShade:rgba(240,138,93,.15);--newsShade:rgba(224,176,80,.18)}}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI","Hiragino Sans","Noto Sans JP",sans-serif;
font-variant-numeric:tabular-nums;-webkit-text-size-adjust:100%}
main{max-width:1120px;margin:0 auto;padding:48px 32px 64px}
h1{font-size:26px;line-height:1.25;margin:0 0 6px;letter-spacing:-.01em}
h2{font-size:18px;margin:56px 0 14px;letter-spacing:-.005em}
h3{font-size:15px;margin:28px 0 8px}
p{margin:0 0 10px;max-width:76ch}
.sub,.note,.empty,figcaption{color:var(--soft)}
.note,figcaption{font-size:13px}
.bars+.note,.scroll+.note{margin-top:12px}
.honest{margin:28px 0 0;padding:16px 20px;background:var(--card);border:1px solid var(--line);border-left:3px solid var(--news);border-radius:8px}
.honest p{max-width:none}.honest p:last-child{margin:0}
.alarm{border-left-color:var(--loss)}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(210px,1fr));gap:12px;margin:24px 0 0;padding:0;list-style:none}
.cards li{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px}
.cards span{display:block;font-size:12.5px;color:var(--soft)}
.cards b{display:block;font-size:22px;font-weight:600;line-height:1.35;letter-spacing:-.01em}
.gain{color:var(--gain)}.loss{color:var(--loss)}
figure{margin:0 0 12px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:16px}
figcaption{margin-top:10px;display:flex;flex-wrap:wrap;gap:4px 18px}
figcaption i{display:inline-block;width:11px;height:11px;margin-right:6px;border-radius:2px;vertical-align:-1px}
.kEntry{background:var(--mark)}.kGain{background:var(--gain);border-radius:50%!important}.kLoss{background:var(--loss);border-radius:50%!important}
.kOther{background:var(--soft);border-radius:50%!important}.kNews{background:var(--newsShade);border:1px solid var(--news)}
.kUntaken{border:1.5px solid var(--soft);transform:rotate(45deg) scale(.75)}.kPlan{background:linear-gradient(var(--gainShade) 50%,var(--lossShade) 50%)}
svg.chart{display:block;width:100%;height:auto;overflow:visible}
svg.narrow{display:none}
.tick{font:12px system-ui,sans-serif;fill:var(--soft)}.tick.strong{fill:var(--ink);font-weight:600}
.grid{stroke:var(--fine)}.day{stroke:var(--line)}.zero{stroke:var(--soft);stroke-dasharray:3 4}
.equity{fill:none;stroke:var(--mark);stroke-width:1.8;stroke-linejoin:round}.area{fill:var(--shade)}.dot{fill:var(--mark)}
.price{fill:none;stroke:var(--ink);stroke-width:1.3;stroke-linejoin:round}
line.up,line.down{stroke:var(--soft);stroke-width:1}rect.up{fill:var(--card);stroke:var(--soft);stroke-width:1}rect.down{fill:var(--soft)}
.news{fill:var(--newsShade)}.gainBox{fill:var(--gainShade)}.riskBox{fill:var(--lossShade)}
.target{stroke:var(--gain);stroke-dasharray:4 3}.stop{stroke:var(--loss);stroke-dasharray:4 3}.entryLine{stroke:var(--mark);stroke-width:1.4}
.entry{fill:var(--mark);stroke:var(--card);stroke-width:1}.exit{fill:var(--soft);stroke:var(--card);stroke-width:1.5}
.exit.win{fill:var(--gain)}.exit.loss{fill:var(--loss)}.untaken{fill:var(--card);stroke:var(--soft);stroke-width:1.5}
.tag{font:600 12px system-ui,sans-serif;fill:var(--mark)}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-size:13.5px}
th,td{padding:9px 12px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--fine)}
tr:last-child td{border-bottom:0}
th{font-weight:500;font-size:12.5px;color:var(--soft);border-bottom:1px solid var(--line)}
th.text,td.text{text-align:left}
td{vertical-align:top}
td.wrap{white-space:normal;min-width:220px}
td small{display:block;color:var(--soft);font-size:12px;font-weight:400}
.bars small{color:var(--soft);font-size:12px}
.bars{display:grid;grid-template-columns:max-content 1fr max-content;gap:7px 14px;align-items:center;font-size:13.5px;max-width:760px}
.bars div{height:12px;border-radius:3px;background:var(--fine);overflow:hidden;display:flex}
.bars div i{background:var(--mark)}.bars div u{background:var(--shade)}
.bars b{font-weight:500;text-align:right}
details{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 16px;margin:10px 0 0}
summary{cursor:pointer}
pre{margin:12px 0 2px;font:12.5px/1.6 ui-monospace,SFMono-Regular,Menlo,monospace;white-space:pre-wrap;overflow-wrap:anywhere}
code{font:12.5px ui-monospace,SFMono-Regular,Menlo,monospace;overflow-wrap:anywhere}
footer{margin-top:64px;padding-top:18px;border-top:1px solid var(--line);font-size:13px;color:var(--soft)}
@media (max-width:700px){
main{padding:28px 16px 48px}h1{font-size:22px}h2{margin-top:44px}
svg.wide{display:none}svg.narrow{display:block}
figure{padding:12px 10px}
.cards{grid-template-columns:1fr 1fr;gap:8px}.cards li{padding:11px 12px}.cards b{font-size:18px}
.bars{grid-template-columns:max-content 1fr max-content;gap:7px 10px;font-size:13px}
table.stack thead{display:none}table.stack,table.stack tbody{display:block}
table.stack tr{display:grid;grid-template-columns:1fr 1fr;gap:3px 16px;padding:12px 14px;border-bottom:1px solid var(--line)}
table.stack tr:last-child{border-bottom:0}
table.stack td{display:flex;justify-content:space-between;gap:8px;padding:0;border:0;white-space:normal;min-width:0;text-align:right}
table.stack td::before{content:attr(data-label);color:var(--soft);font-size:12px;text-align:left;white-space:nowrap}
table.stack td.wrap{grid-column:1/-1}
table.stack td.head{grid-column:1/-1;font-weight:600;text-align:left}table.stack td.head::before{content:none}
table.stack td.head small{display:inline;margin-left:8px}
}
@media print{body{background:#fff}figure,.scroll,details{break-inside:avoid}}
`.trim();

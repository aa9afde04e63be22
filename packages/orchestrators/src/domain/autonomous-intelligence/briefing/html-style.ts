import { createHash } from 'node:crypto';

/** The only style sheet of the page; light, dark and print. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fbfaf7;--card:#fff;--ink:#1d2329;--soft:#57606a;--line:#e3e0d8;--accent:#1f5f8b;--good:#1a7441;--bad:#b3261e;--open:#8a5a00;--good-bg:#e7f4ec;--bad-bg:#fbeae9;--open-bg:#f8f0dd}
@media (prefers-color-scheme:dark){:root{--bg:#14171a;--card:#1c2024;--ink:#e7e9eb;--soft:#9aa4ad;--line:#2e343a;--accent:#79b8e0;--good:#6fce97;--bad:#f2938c;--open:#e2b65b;--good-bg:#16301f;--bad-bg:#3a1d1b;--open-bg:#33290f}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:17px/1.6 Charter,"Bitstream Charter","Iowan Old Style",Georgia,"DejaVu Serif",serif;overflow-wrap:anywhere}
a{color:var(--accent)}
.skip{position:absolute;left:-999rem}.skip:focus{left:1rem;top:1rem;background:var(--card);padding:.5rem 1rem}
header,main,footer{max-width:58rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:3rem}
.kicker,.meta,.small,dt,th,.where,figcaption,.stat span,.tag,.badge,h3{font-family:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,"DejaVu Sans",sans-serif}
.kicker{margin:0;color:var(--accent);font-size:.78rem;font-weight:600;letter-spacing:.09em;text-transform:uppercase}
h1{margin:.35rem 0 .6rem;font-size:clamp(1.9rem,4.5vw,2.8rem);line-height:1.15;letter-spacing:-.01em;text-wrap:balance}
h2{margin:0 0 1rem;font-size:1.4rem;line-height:1.25}
h3{margin:1.5rem 0 .5rem;font-size:.8rem;font-weight:600;letter-spacing:.05em;text-transform:uppercase;color:var(--soft)}
.meta{margin:.2rem 0;color:var(--soft);font-size:.88rem}
.small{font-size:.86rem;color:var(--soft)}
.where{color:var(--soft);font-size:.8rem;white-space:nowrap;font-variant-numeric:tabular-nums}
.notice{margin:1.5rem 0 0;padding:1rem 1.25rem;border-left:5px solid var(--open);background:var(--open-bg);border-radius:0 .5rem .5rem 0}
.notice strong{display:block}.notice ul{margin:.4rem 0 0;padding-left:1.2rem}
.stats{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.7rem,1fr));gap:.75rem;margin:1.75rem 0 0;padding:0;list-style:none}
.stat{padding:.75rem .85rem;border:1px solid var(--line);border-radius:.6rem;background:var(--card)}
.stat b{display:block;font-size:1.45rem;line-height:1.2;font-variant-numeric:tabular-nums}.stat span{display:block;color:var(--soft);font-size:.78rem;line-height:1.35}
section{margin:2.25rem 0 0;padding:1.5rem 1.6rem;border:1px solid var(--line);border-radius:.8rem;background:var(--card)}
.gap{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;align-items:baseline;margin-top:1rem;padding-top:.9rem;padding-bottom:.9rem;border-style:dashed}.gap h2{margin:0;font-size:1.1rem;color:var(--soft)}.missing{margin:0;color:var(--open);font-size:.92rem}
.summary{margin:0;padding-left:1.3rem}.summary li{margin:.55rem 0;font-size:1.05rem}
.list{margin:0;padding:0;list-style:none}
.tags{display:flex;flex-wrap:wrap;gap:.4rem;margin:0;padding:0;list-style:none}
.tag{padding:.15rem .65rem;border:1px solid var(--line);border-radius:1rem;font-size:.84rem}.tag i{color:var(--soft);font-style:normal}
.claim{padding:1.1rem 0;border-top:1px solid var(--line)}.claim:first-child{padding-top:0;border-top:0}
.badge{display:inline-block;padding:.08rem .6rem;border-radius:1rem;font-size:.78rem;font-weight:600}
.supported{color:var(--good);background:var(--good-bg)}.contradicted{color:var(--bad);background:var(--bad-bg)}.open{color:var(--open);background:var(--open-bg)}
details{margin-top:.8rem}summary{cursor:pointer;color:var(--accent);font:600 .86rem system-ui,-apple-system,"Segoe UI",Roboto,Arial,"DejaVu Sans",sans-serif}details[open]>summary{margin-bottom:.8rem}
.quotes{margin:.5rem 0 0;padding-left:1.1rem}.quotes li{margin:.4rem 0}
blockquote{margin:.45rem 0;padding:0;font-size:1.05rem}
.evidence{margin:.5rem 0 0;padding:0 0 0 .9rem;border-left:3px solid var(--line);list-style:none;font-size:.92rem}
.evidence li{margin:.35rem 0}.evidence b{font-weight:600}
.supports b{color:var(--good)}.contradicts b{color:var(--bad)}.related b{color:var(--soft)}
cite{color:var(--soft);font-style:normal}
figure{margin:0}figcaption{color:var(--soft);font-size:.8rem}
svg{display:block;width:100%;height:auto}
svg text{font-family:system-ui,-apple-system,"Segoe UI",Roboto,Arial,"DejaVu Sans",sans-serif;font-size:13px;fill:var(--ink)}
svg .faint{fill:var(--soft)}svg .track{fill:var(--line)}svg .accent{fill:var(--accent)}
svg .positive{fill:var(--good)}svg .negative{fill:var(--bad)}svg .neutral{fill:var(--soft)}
svg .axis{stroke:var(--soft);stroke-width:1}svg .grid{stroke:var(--line);stroke-width:1}
svg .curve{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round}
.scroll{overflow-x:auto}
table{width:100%;border-collapse:collapse;font-size:.92rem}
th{color:var(--soft);font-size:.78rem;font-weight:600}
th,td{padding:.4rem .8rem .4rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
td.number{font-variant-numeric:tabular-nums;text-align:right;white-space:nowrap}th.number{text-align:right}
footer{padding-top:2rem;padding-bottom:3rem;color:var(--soft)}
@media (max-width:36rem){header,main,footer{padding-left:1rem;padding-right:1rem}section{padding:1.1rem 1rem}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--good:#135c33;--bad:#8f1d17;--open:#6b4600;--accent:#1b4f74}body{font-size:11pt}section{break-inside:auto;border:0;padding:0}.claim,figure,tr{break-inside:avoid}h2{break-after:avoid}.skip{display:none}}
`;

/** Nothing may be loaded, sent, framed or run; the one style sheet is allowed by its hash. */
export const CONTENT_SECURITY_POLICY = `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'none'`;

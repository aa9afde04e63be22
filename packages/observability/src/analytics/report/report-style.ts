/** The look of the HTML report; colours have at least 4.5 : 1 against what they stand on, in both schemes. */
export const REPORT_STYLE = `
:root { color-scheme: light dark; --page: #f5f6f8; --card: #fff; --text: #1c2330; --soft: #566072; --edge: #dde1e8;
  --line: #2456c4; --ahead: #6b3fb5; --good: #17653c; --fair: #7a5200; --bad: #b3261e; --good-back: #dff3e7;
  --fair-back: #fbecc8; --bad-back: #fbe0de; }
@media (prefers-color-scheme: dark) { :root { --page: #12151b; --card: #1b2029; --text: #e7eaf0; --soft: #a3adbd;
  --edge: #323a47; --line: #7ba7ff; --ahead: #c4a2ff; --good: #7fdba4; --fair: #f2c96b; --bad: #ff9d94;
  --good-back: #17382a; --fair-back: #40330f; --bad-back: #4a1f1c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text);
  font: 15px/1.5 system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif; }
header, main { max-width: 1180px; margin: 0 auto; padding: 0 20px; }
header { padding-top: 28px; } header p { margin: 0; color: var(--soft); }
h1 { margin: 0; font-size: 26px; } h2 { margin: 34px 0 10px; font-size: 19px; }
h3 { margin: 0; font-size: 14px; font-family: ui-monospace, Menlo, Consolas, monospace; overflow-wrap: anywhere; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 14px; margin: 22px 0 0; }
.tile, article, .wide, .advice { background: var(--card); border: 1px solid var(--edge); border-radius: 10px; }
.tile { padding: 14px 16px; border-left: 4px solid var(--edge); }
.tile dt { color: var(--soft); } .tile dd { margin: 0; font-size: 30px; font-weight: 650; line-height: 1.25; }
.tile small { display: block; font-size: 13px; font-weight: 400; color: var(--soft); }
.tile.excellent, .tile.good { border-left-color: var(--good); }
.tile.fair, .tile.degraded { border-left-color: var(--fair); } .tile.critical { border-left-color: var(--bad); }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { padding: 9px 14px; text-align: left; border-top: 1px solid var(--edge); white-space: nowrap; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: 13px; } tbody th { font-weight: 600; }
.advice { margin: 0; padding: 6px 16px; list-style: none; } .advice li { padding: 8px 0; }
.advice li + li { border-top: 1px solid var(--edge); }
.tag { display: inline-block; padding: 1px 9px; border-radius: 99px; font-size: 12px; font-weight: 600;
  white-space: nowrap; background: var(--edge); }
.tag.excellent, .tag.good { color: var(--good); background: var(--good-back); }
.tag.fair, .tag.degraded, .tag.medium, .tag.warning { color: var(--fair); background: var(--fair-back); }
.tag.critical, .tag.high { color: var(--bad); background: var(--bad-back); }
.cards { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 500px), 1fr)); gap: 16px; }
article { padding: 16px 18px; min-width: 0; }
.head { display: flex; justify-content: space-between; align-items: start; gap: 12px; }
.now { margin: 2px 0 6px; font-size: 22px; font-weight: 650; }
.now small { margin-left: 10px; font-size: 13px; font-weight: 400; color: var(--soft); }
.early { margin: 4px 0; font-size: 14px; } .none, .legend { color: var(--soft); } .legend { font-size: 13px; }
.facts { display: grid; grid-template-columns: max-content 1fr; gap: 3px 14px; margin: 10px 0 0; font-size: 13px; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; overflow-wrap: anywhere; }
svg { display: block; width: 100%; height: auto; }
svg text { font-size: 11px; fill: var(--soft); } svg line, svg polyline { fill: none; }
.grid { stroke: var(--edge); } polyline.line { stroke: var(--line); stroke-width: 1.6; stroke-linejoin: round; }
polyline.ahead { stroke: var(--ahead); stroke-width: 1.6; stroke-dasharray: 5 4; }
.band { fill: var(--ahead); opacity: 0.16; } .anomaly { fill: none; stroke: var(--bad); stroke-width: 2; }
svg .change { stroke: var(--soft); stroke-dasharray: 2 3; } svg .target { stroke: var(--good); stroke-dasharray: 6 4; }
svg .limit { stroke: var(--bad); stroke-dasharray: 6 4; }
.key { display: inline-block; width: 18px; margin: 0 4px 0 12px; border-top: 2px solid; vertical-align: middle; }
.key.line { border-color: var(--line); margin-left: 0; } .key.ahead { border-color: var(--ahead); border-top-style: dashed; }
.key.change { border-color: var(--soft); border-top-style: dotted; } .key.target { border-color: var(--good); border-top-style: dashed; }
.key.limit { border-color: var(--bad); border-top-style: dashed; }
.key.dot { width: 10px; height: 10px; border: 2px solid var(--bad); border-radius: 50%; }
main { padding-bottom: 48px; }
@media print { body { background: #fff; } article { break-inside: avoid; } }
`;

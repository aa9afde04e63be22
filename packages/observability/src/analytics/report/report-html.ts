import type { Alert } from '../alert-book.js';
import type { MetricAnalysis } from '../analysis.js';
import { metricChecks as check } from '../metric-checks.js';
import { html, numberText, timeText, withUnit } from './format.js';
import { metricChart } from './metric-chart.js';
import { REPORT_STYLE } from './report-style.js';
import type { AnalyticsReport } from './report.js';
import { factsOf, warningText } from './sentences.js';

/** What the HTML report is called. */
export interface HtmlReportOptions {
  /** @default 'Performance report' */
  readonly title?: string;
}

/**
 * The report as one HTML page: no script, nothing loaded, light and dark after the reader's setting, charts as inline
 * SVG with their words beside them. Everything that comes from outside is escaped, and the page forbids itself scripts.
 *
 * @throws {@link AnalyticsOptionError} for a title that is no text
 */
export function reportToHtml(report: AnalyticsReport, options: HtmlReportOptions = {}): string {
  const title = html(check.text('title', options.title ?? 'Performance report'));
  return [
    '<!doctype html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">`,
    `<title>${title}</title>`,
    `<style>${REPORT_STYLE}</style>`,
    '</head>',
    '<body>',
    `<header><h1>${title}</h1><p>${timeText(report.generatedAt)}</p></header>`,
    '<main>',
    summary(report),
    section('alerts', 'Alerts', alerts(report)),
    section('recommendations', 'Recommendations', recommendations(report)),
    section('metrics', 'Metrics', metrics(report.metrics)),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const section = (id: string, heading: string, body: string): string =>
  `<section aria-labelledby="${id}"><h2 id="${id}">${heading}</h2>\n${body}\n</section>`;

const tile = (name: string, value: string, note: string, tone = ''): string =>
  `<div class="tile ${tone}"><dt>${name}</dt><dd>${value}<small>${note}</small></dd></div>`;

function summary({
  health,
  metrics: all,
  activeAlerts,
  recommendations: advice,
  stats,
}: AnalyticsReport): string {
  const score =
    health === undefined
      ? tile('Health', '–', 'not enough data')
      : tile('Health', numberText(Math.round(health.score * 100)), `of 100, ${health.band}`, health.band);
  return [
    '<dl class="tiles">',
    score,
    tile('Alerts', numberText(activeAlerts.length), 'firing', activeAlerts.length > 0 ? 'critical' : ''),
    tile(
      'Recommendations',
      numberText(advice.length),
      advice.length === 0 ? 'nothing to do' : 'to look into',
    ),
    tile('Series', numberText(all.length), `${numberText(stats.observed)} observations`),
    '</dl>',
  ].join('\n');
}

function alerts({ activeAlerts, alertHistory }: AnalyticsReport): string {
  if (activeAlerts.length === 0 && alertHistory.length === 0) return '<p class="none">None so far.</p>';
  const row = (alert: Alert): string =>
    `<tr><td><span class="tag ${alert.severity}">${alert.severity}</span></td><th scope="row">${html(alert.label)}</th><td>${numberText(alert.value)}</td><td>${numberText(alert.threshold)}</td><td>${numberText(alert.worst)}</td><td>${timeText(alert.firedAt)}</td><td>${alert.resolvedAt === undefined ? 'firing' : `${alert.resolution === 'no-data' ? 'no data' : 'recovered'} ${timeText(alert.resolvedAt)}`}</td></tr>`;
  const latest = [...activeAlerts, ...[...alertHistory].reverse().slice(0, 20)];
  const columns = ['Severity', 'Series', 'Value', 'Threshold', 'Worst', 'Since', 'State'];
  return `<div class="wide"><table><thead><tr>${columns.map((name) => `<th scope="col">${name}</th>`).join('')}</tr></thead><tbody>\n${latest.map(row).join('\n')}\n</tbody></table></div>`;
}

function recommendations({ recommendations: all }: AnalyticsReport): string {
  if (all.length === 0) return '<p class="none">None: nothing in the data asks for one.</p>';
  const item = ({ priority, text }: AnalyticsReport['recommendations'][number]): string =>
    `<li><span class="tag ${priority}">${priority}</span> ${html(text)}</li>`;
  return `<ul class="advice">\n${all.map(item).join('\n')}\n</ul>`;
}

function metrics(all: readonly MetricAnalysis[]): string {
  if (all.length === 0) return '<p class="none">Nothing has been observed.</p>';
  const legend =
    '<p class="legend"><span class="key line"></span> observed <span class="key ahead"></span> forecast with its interval <span class="key dot"></span> anomaly <span class="key change"></span> change of level <span class="key target"></span> target <span class="key limit"></span> limit</p>';
  return `${legend}\n<div class="cards">\n${all.map(card).join('\n')}\n</div>`;
}

function card(analysis: MetricAnalysis, index: number): string {
  const { label, health, latest, metric, warnings } = analysis;
  const id = `m${String(index)}`;
  const score =
    health === undefined
      ? ''
      : `<span class="tag ${health.band}">${numberText(Math.round(health.score * 100))} ${health.band}</span>`;
  const facts = factsOf(analysis).map(([name, text]) => `<dt>${name}</dt><dd>${html(text)}</dd>`);
  return [
    `<article aria-labelledby="${id}"><div class="head"><h3 id="${id}">${html(label)}</h3>${score}</div>`,
    `<p class="now">${latest === undefined ? '' : html(withUnit(numberText(latest), metric.unit))}<small>${metric.direction.replaceAll('-', ' ')}</small></p>`,
    ...warnings.map(
      (warning) =>
        `<p class="early"><span class="tag ${warning.severity}">${warning.severity}</span> ${html(warningText(warning, analysis))}</p>`,
    ),
    metricChart(analysis, id),
    `<dl class="facts">${facts.join('')}</dl>`,
    '</article>',
  ].join('\n');
}

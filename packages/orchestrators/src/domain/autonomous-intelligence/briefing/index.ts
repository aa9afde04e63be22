export { renderHtml } from './render-html.js';
export { renderJson } from './render-json.js';
export { renderMarkdown } from './render-markdown.js';
export { renderTerminal, type TerminalOptions } from './render-terminal.js';
export { settledSummary, type SettledSentence } from './settled-summary.js';

type Content = typeof import('./content/index.js');
type AnalysisFunctions = typeof import('./analysis/index.js');
type Verification = typeof import('./verification/index.js');

/**
 * The language libraries take about a second to load, which nobody who only searches should wait for: each is
 * loaded when a stage first needs it.
 */
export const analysisTools = {
  content: (): Promise<Content> => import('./content/index.js'),
  analysis: (): Promise<AnalysisFunctions> => import('./analysis/index.js'),
  verification: (): Promise<Verification> => import('./verification/index.js'),
} as const;

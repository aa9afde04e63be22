/**
 * Kapelle for cases that stand beside its peers: it is loaded when a case of it is made. A process that measures
 * something else would spend most of its time on loading it.
 */
const subject = () => import('./kapelle.mjs');

export const kapelle = async (options) => (await subject()).kapelle(options);
export const kapelleFull = async (options) => (await subject()).kapelleFull(options);
export const startHost = async (options) => (await subject()).startHost(options);
export const callOf = async (host, params) => (await subject()).callOf(host, params);
export const benchContext = async () => (await subject()).context;

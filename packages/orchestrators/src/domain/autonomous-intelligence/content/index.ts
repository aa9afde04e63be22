export { CONTENT_ERROR_CODES, ContentError, type ContentErrorCode } from './content-error.js';
export { detectFormat } from './detect-format.js';
export { parseContent, type ParseOptions } from './parse-content.js';

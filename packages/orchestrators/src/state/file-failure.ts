import { StateError, type StateErrorCode } from './state-error.js';

/** The code of an error of the system, such as `ENOENT`. */
export function errorCode(thrown: unknown): string | undefined {
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const code: unknown = Reflect.get(thrown, 'code');
  return typeof code === 'string' ? code : undefined;
}

/** What an error met while working in a folder means. A `StateError` is returned unchanged. */
export function fileFailure(thrown: unknown, folder: string): StateError {
  if (thrown instanceof StateError) return thrown;
  const reason = thrown instanceof Error ? thrown.message : String(thrown);
  const [code, next] = meaningOf(errorCode(thrown));
  return new StateError(code, `The state in "${folder}" cannot be read or written (${reason}). ${next}.`, {
    cause: thrown,
  });
}

function meaningOf(code: string | undefined): readonly [StateErrorCode, string] {
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return ['STATE_FULL', 'Free some disk space, then try again'];
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
    case 'ENOENT':
    case 'EISDIR':
      return ['STATE_FOLDER_UNUSABLE', 'Give this user write access to the folder, or choose another'];
    default:
      return ['STATE_FAILED', 'Look at the cause of this error and the state of the disk'];
  }
}

/** Measures one case, or all cases of a group that share a process, and writes its values as JSON: `worker.mjs <part> <group> [case]`. */
import { partById } from './parts.mjs';
import { measure } from './measure.mjs';

const [, , partId, groupId, caseId] = process.argv;
const part = await partById(partId);
const group = part.groups.find(({ id }) => id === groupId);
const wanted = group.cases.filter(({ id }) => caseId === undefined || id === caseId);

const result = {};
const subjects = {};
for (const { id, make, once } of wanted) {
  if (once !== undefined) result[id] = await once();
  else {
    const made = await make();
    subjects[id] = typeof made === 'function' ? { call: made } : made;
  }
}
Object.assign(result, await measure(subjects, group));
for (const { verify } of Object.values(subjects)) verify?.();
// Libraries may print; the last line is the answer.
process.stdout.write(`\n${JSON.stringify(result)}\n`, () => process.exit(0));

import { Writable } from 'node:stream';

/** Takes everything and keeps nothing: what is measured is the logger, not the disk. */
export const dropStream = () =>
  new Writable({
    write(_chunk, _encoding, done) {
      done();
    },
  });

import type Database from 'libsql';

/** The statements of a database by name, each prepared when it is used first. */
export class PreparedStatements<Name extends string> {
  readonly #db: Database.Database;
  readonly #sql: Readonly<Record<Name, string>>;
  readonly #prepared = new Map<Name, Database.Statement>();

  constructor(db: Database.Database, sql: Readonly<Record<Name, string>>) {
    this.#db = db;
    this.#sql = sql;
  }

  get(name: Name): Database.Statement {
    const known = this.#prepared.get(name);
    if (known !== undefined) return known;
    const statement = this.#db.prepare(this.#sql[name]);
    this.#prepared.set(name, statement);
    return statement;
  }

  /** Through `all` of the library also where one row is wanted: rows of its `get` carry a field that is no column. */
  all<T>(name: Name, ...values: unknown[]): T[] {
    return this.get(name).all(...values) as T[];
  }
}

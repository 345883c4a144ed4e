import { randomUUID } from 'node:crypto';
import type { Plan } from '../http/user.ts';
import type { Database } from '../storage/database.ts';
import { planOf } from './plan.ts';

/** A person with an account. */
export interface Account {
  readonly id: string;
  readonly email: string;
  readonly plan: Plan;
  readonly createdAt: Date;
}

/** With what only a login needs. */
export interface AccountWithHash extends Account {
  readonly passwordHash: string;
}

/** The table users. E-mail addresses are compared as `emailSchema` leaves them. Throws when the database does not answer. */
export interface UserStore {
  /** undefined when the address has an account already. */
  create(email: string, passwordHash: string): Promise<Account | undefined>;
  byEmail(email: string): Promise<AccountWithHash | undefined>;
  byId(id: string): Promise<Account | undefined>;
  /** Replaces a hash, unless somebody else has replaced it first. */
  replaceHash(id: string, from: string, to: string): Promise<boolean>;
  /**
   * Removes the account and every row that belongs to it, and returns what names copies of them elsewhere. undefined when it
   * is gone, or has another hash.
   */
  erase(id: string, passwordHash: string): Promise<Erased | undefined>;
}

/** Ids of sessions and hashes of API keys that were those of an erased account. */
export interface Erased {
  readonly sessions: readonly string[];
  readonly apiKeys: readonly string[];
}

export function createUserStore(database: Database): UserStore {
  return {
    create: async (email, passwordHash) => {
      const { sql } = database;
      const rows = await database.query(sql<Row[]>`
        insert into users (id, email, password_hash) values (${randomUUID()}, ${email}, ${passwordHash})
        on conflict (email) do nothing
        returning id, email, plan, created_at as "createdAt"`);
      return rows[0] && toAccount(rows[0]);
    },

    byEmail: async (email) => {
      const { sql } = database;
      const rows = await database.query(sql<(Row & { passwordHash: string })[]>`
        select id, email, plan, created_at as "createdAt", password_hash as "passwordHash"
        from users where email = ${email}`);
      const [row] = rows;
      return row && { ...toAccount(row), passwordHash: row.passwordHash };
    },

    byId: async (id) => {
      const { sql } = database;
      const rows = await database.query(sql<Row[]>`
        select id, email, plan, created_at as "createdAt" from users where id = ${id}`);
      return rows[0] && toAccount(rows[0]);
    },

    replaceHash: async (id, from, to) => {
      const { sql } = database;
      const done = await database.query(sql`
        update users set password_hash = ${to}, updated_at = current_timestamp
        where id = ${id} and password_hash = ${from}`);
      return done.count === 1;
    },

    erase: (id, passwordHash) =>
      database.transaction(async (sql) => {
        // A session or a key that is being made waits for this lock, and then finds no account to belong to.
        const [user] = await sql`
          select id from users where id = ${id} and password_hash = ${passwordHash} for update`;
        if (!user) return undefined;
        const sessions = await sql<{ id: string }[]>`select id from sessions where user_id = ${id}`;
        const keys = await sql<{ hash: string }[]>`select hash from api_keys where user_id = ${id}`;
        // Each table of a user's rows refers to users and goes with it.
        await sql`delete from users where id = ${id}`;
        return { sessions: sessions.map((row) => row.id), apiKeys: keys.map(({ hash }) => hash) };
      }),
  };
}

interface Row {
  id: string;
  email: string;
  plan: string;
  createdAt: Date;
}

const toAccount = ({ id, email, plan, createdAt }: Row): Account => ({
  id,
  email,
  plan: planOf(plan),
  createdAt,
});

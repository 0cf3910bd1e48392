// Types of endpoints that `api.d.ts` does not have yet. Each one is replaced by that of the API.
import type { components } from "./api.js";

type Schemas = components["schemas"];

export interface ImportPreview {
  lines: number;
  new_users: ImportedUser[];
  generated_passwords: number;
  changes: ImportedChange[];
  unchanged: number;
  errors: ImportLineError[];
}

export interface ImportedUser {
  line: number;
  full_name: string;
  phone?: string | null;
  email?: string | null;
  role: Schemas["Role"];
  has_password_hash: boolean;
}

export interface ImportedChange {
  line: number;
  user_id: string;
  full_name: string;
  fields: { name: string; before?: unknown; after?: unknown }[];
  ends_sessions: boolean;
}

export interface ImportLineError {
  line?: number | null;
  column?: string | null;
  message: string;
}

export interface ImportedPassword {
  line: number;
  user_id: string;
  full_name: string;
  phone?: string | null;
  email?: string | null;
  password: string;
  expires_at: string;
}

/** A line of the response to an import. */
export type ImportEvent =
  | { type: "progress"; done: number; total: number }
  | { type: "passwords"; passwords: ImportedPassword[] }
  | { type: "completed"; added: number; changed: number; unchanged: number }
  | { type: "failed"; problem: { code: string; status?: number; request_id?: string; errors?: [] } };

import type { Client } from "../../client/divan.js";
import { DivanError } from "../../client/error.js";
import { readProblem } from "../../client/problem.js";
import type { ImportedPassword, ImportPreview } from "../api.js";
import { importEvents } from "./events.js";

export const MAX_BYTES = 5 * 1024 * 1024;

export interface ImportOptions {
  update: boolean;
  reset_admin_passwords: boolean;
}

export interface ImportState {
  step: "choose" | "checking" | "preview" | "importing" | "finished";
  options: ImportOptions;
  fileName: string;
  preview: ImportPreview | null;
  error: unknown;
  isTooLarge: boolean;
  progress: { done: number; total: number } | null;
  /** The generated passwords; `null` until they have arrived. */
  passwords: ImportedPassword[] | null;
  /** Whether the passwords were copied, downloaded or printed. */
  isSaved: boolean;
  result: { added: number; changed: number; unchanged: number } | null;
  /** Whether the connection was lost when the users may have been stored. */
  isUncertain: boolean;
}

const START: ImportState = {
  step: "choose",
  options: { update: false, reset_admin_passwords: false },
  fileName: "",
  preview: null,
  error: null,
  isTooLarge: false,
  progress: null,
  passwords: null,
  isSaved: false,
  result: null,
  isUncertain: false,
};

/** An import: it continues, and keeps its passwords, while other screens are shown. */
export class ImportJob {
  state = START;
  onChange: () => void = () => {};
  readonly #client: Client;
  readonly #base: string;
  #content: ArrayBuffer | null = null;
  #checks = 0;

  constructor(client: Client, base: string) {
    this.#client = client;
    this.#base = base;
  }

  /** Whether closing the page would lose something. */
  get isAtRisk(): boolean {
    const { step, passwords, isSaved } = this.state;
    return step === "importing" || (!!passwords?.length && !isSaved);
  }

  reset = (): void => {
    this.#content = null;
    this.#checks++;
    this.#set({ ...START, options: this.state.options });
  };

  /** Reads a file once, so that what was checked is what is imported. */
  async choose(file: File): Promise<void> {
    this.reset();
    if (file.size > MAX_BYTES) return this.#set({ fileName: file.name, isTooLarge: true });
    try {
      this.#content = await file.arrayBuffer();
    } catch {
      // The file was removed, or is a folder.
      return this.#set({ fileName: file.name, error: new DivanError("unreadable_file") });
    }
    this.#set({ fileName: file.name });
    await this.check();
  }

  async setOptions(options: Partial<ImportOptions>): Promise<void> {
    this.#set({ options: { ...this.state.options, ...options } });
    if (this.#content) await this.check();
  }

  /** Asks the server what the import would do. */
  check = async (): Promise<void> => {
    const check = ++this.#checks;
    this.#set({ step: "checking", error: null });
    try {
      const response = await this.#post("users/import/preview");
      const preview: ImportPreview = await response.json();
      if (check === this.#checks) this.#set({ step: "preview", preview });
    } catch (error) {
      if (check === this.#checks) this.#set({ step: "preview", preview: null, error });
    }
  };

  run = async (): Promise<void> => {
    if (this.state.step === "importing") return;
    this.#set({ step: "importing", error: null, progress: null, passwords: null });
    try {
      await this.#import();
    } catch (error) {
      // The users changed since the check: a new one shows the lines.
      if (error instanceof DivanError && error.status === 422) {
        this.#set({ passwords: null });
        return this.check();
      }
      this.#fail(error instanceof DivanError ? error : new DivanError("network"));
    }
  };

  saved = (): void => this.#set({ isSaved: true });

  async #import(): Promise<void> {
    const response = await this.#post("users/import");
    for await (const event of importEvents(response)) {
      if (event.type === "progress") this.#set({ progress: event });
      else if (event.type === "passwords") this.#set({ passwords: event.passwords });
      else if (event.type === "completed") return this.#set({ step: "finished", result: event });
      else if (event.type === "failed") {
        const { code, status, request_id: requestId } = event.problem;
        throw new DivanError(code, status ?? 500, { requestId });
      }
    }
    throw new DivanError("network");
  }

  /** The server stores the users after it has sent the passwords: without them, nothing was stored. */
  #fail(error: DivanError): void {
    if (!error.isUnanswered || !this.state.passwords) this.#set({ step: "preview", error, passwords: null });
    else this.#set({ step: "finished", isUncertain: true });
  }

  async #post(path: string): Promise<Response> {
    const url = new URL(`auth/admin/${path}`, this.#base);
    for (const [name, value] of Object.entries(this.state.options)) url.searchParams.set(name, String(value));
    const request = { method: "POST", body: this.#content, headers: { "Content-Type": "text/csv" } };
    const response = await this.#client.fetch(url, request).catch((error) => {
      throw error instanceof DivanError ? error : new DivanError("network");
    });
    if (!response.ok) throw await readProblem(response);
    return response;
  }

  #set(change: Partial<ImportState>): void {
    this.state = { ...this.state, ...change };
    this.onChange();
  }
}

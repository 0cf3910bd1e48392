import type { MemberError } from "./divan.js";

interface Details {
  retryAfter?: number;
  errors?: readonly MemberError[];
  requestId?: string;
  challenge?: string;
  methods?: readonly string[];
  passkey?: Record<string, unknown>;
}

/** Error of a call; `code` is a problem code of the server or one of the client. */
export class DivanError extends Error {
  readonly code: string;
  readonly status: number;
  readonly retryAfter?: number;
  readonly errors: readonly MemberError[];
  readonly requestId?: string;
  readonly challenge?: string;
  readonly methods: readonly string[];
  readonly passkey?: Record<string, unknown>;

  constructor(code: string, status = 0, details: Details = {}) {
    super(status ? `the server returned ${status} ${code}` : code);
    this.name = "DivanError";
    this.code = code;
    this.status = status;
    this.retryAfter = details.retryAfter;
    this.errors = details.errors ?? [];
    this.requestId = details.requestId;
    this.challenge = details.challenge;
    this.methods = details.methods ?? [];
    this.passkey = details.passkey;
  }

  /** Whether no response arrived: the server may or may not have processed the request. */
  get isUnanswered(): boolean {
    return this.status === 0 && this.code !== "signed_out";
  }

  /** Whether another attempt can succeed without any change. */
  get isTransient(): boolean {
    return this.isUnanswered || [429, 502, 503, 504].includes(this.status);
  }

  /** Whether the access token was rejected; another one may be accepted. */
  get isTokenRejected(): boolean {
    return this.code === "token_invalid" || this.code === "token_expired";
  }

  /** Whether the session has ended. */
  get isSignedOut(): boolean {
    return this.code === "signed_out" || this.code === "refresh_token_invalid";
  }
}

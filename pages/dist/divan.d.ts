/**
 * Browser client of Divan.
 *
 * Load it from the Divan server, which is then the server of all calls:
 *
 * ```html
 * <script type="module">
 *   import { signIn, fetch } from "https://divan.example.com/divan.js";
 *   const user = await signIn();
 *   const response = await fetch("/api/orders");
 * </script>
 * ```
 */

/** A user: an employee or an administrator. Times are RFC 3339, UTC. */
export interface User {
  id: string;
  role: "admin" | "employee";
  full_name: string;
  email?: string;
  phone?: string;
  telegram_id?: number;
  telegram_username?: string;
  external_id?: string;
  is_active: boolean;
  password_change_required: boolean;
  created_at: string;
  updated_at: string;
  last_login_at?: string;
  metadata?: Record<string, unknown>;
}

/** The signed-in user. It has no tokens: see {@link Client.accessToken}. */
export interface Session {
  readonly user: User;
}

/** Credentials of an employee; `contact` is the raw response of `requestContact`. */
export type Credentials =
  | { phone: string; password: string; initData?: string }
  | { contact: string; password: string; initData?: string };

/** Init data alone: signs in without a password where the server allows it. */
export interface AutoLogin {
  initData?: string;
}

/** Credentials of an administrator. */
export interface AdminCredentials {
  email: string;
  password: string;
}

/** The second step of the sign-in of an administrator, after `second_factor_required`. */
export interface SecondStep extends SecondFactorProof {
  challenge: string;
}

/** A proof of the second factor: exactly one member. */
export interface SecondFactorProof {
  /** Of the authenticator app. */
  code?: string;
  recoveryCode?: string;
  /** The JSON form of a credential of WebAuthn. */
  passkey?: Record<string, unknown>;
}

/** A proof of identity of a signed-in administrator: exactly one member. */
export interface IdentityProof extends SecondFactorProof {
  password?: string;
}

/** An access token that replaces the one of the request. */
export interface FreshToken {
  access_token: string;
  /** Lifetime in seconds. */
  expires_in: number;
}

/** An error of one member of a request. */
export interface MemberError {
  pointer: string;
  code: string;
  detail: string;
  params?: { min?: number; max?: number; other?: string };
}

/** Codes that the client adds to the problem codes of the server. */
export type ClientErrorCode = "network" | "timeout" | "unexpected_response" | "signed_out";

/** An error of a call. Decide and translate by `code`. */
export declare class DivanError extends Error {
  constructor(
    code: string,
    status?: number,
    details?: {
      retryAfter?: number;
      errors?: readonly MemberError[];
      requestId?: string;
      challenge?: string;
      methods?: readonly string[];
      passkey?: Record<string, unknown>;
    },
  );
  /** A problem code of the server, or a {@link ClientErrorCode}. */
  readonly code: string;
  /** The HTTP status; 0 without a response. */
  readonly status: number;
  /** Seconds to wait before another attempt. */
  readonly retryAfter?: number;
  /** The invalid members of the request. */
  readonly errors: readonly MemberError[];
  /** The id of the request in the server's log. */
  readonly requestId?: string;
  /** The sign-in to complete, with `second_factor_required`. */
  readonly challenge?: string;
  /** The accepted proofs, with `second_factor_required` and `insufficient_user_authentication`. */
  readonly methods: readonly string[];
  /** Options for `PublicKeyCredential.parseRequestOptionsFromJSON`, if `methods` has `passkey`. */
  readonly passkey?: Record<string, unknown>;
  /** Whether another attempt can succeed without any change. */
  get isTransient(): boolean;
  /** Whether no response arrived: the server may or may not have processed the request. */
  get isUnanswered(): boolean;
  /** Whether the access token was rejected; another one may be accepted. */
  get isTokenRejected(): boolean;
  /** Whether the session has ended. */
  get isSignedOut(): boolean;
}

export interface ClientOptions {
  /** Address of the Divan server. Default: the address that the module was loaded from. */
  server?: string | URL;
  /** Front end that the user signs in to. Default: `miniapp`. */
  audience?: "miniapp" | "admin";
  /**
   * Origins that receive the access token in {@link Client.fetch}, in addition to the page's own and
   * the server's.
   */
  origins?: readonly string[];
  /**
   * Storage of the refresh token. Default: none, tokens are in memory only. Use `sessionStorage`:
   * tabs that share a token coordinate their refreshes. One that is blocked or full is not an error.
   */
  storage?: KeyValueStorage;
  /** Storage of the device token of an administrator. Default: none. Use `localStorage`. */
  deviceStorage?: KeyValueStorage;
  /**
   * Called when a call needs a proof of identity of the last five minutes
   * (`insufficient_user_authentication`). Ask for one of `error.methods`, pass it to
   * {@link Client.stepUp}, and return `true`: the call is sent again, once. Calls at the same time share
   * the question. Default: the call fails.
   */
  onStepUp?: (error: DivanError) => Promise<boolean>;
  /** Replaces the `fetch` of the browser, for tests. */
  transport?: typeof globalThis.fetch;
}

/** The part of `Storage` that the client needs. */
export type KeyValueStorage = Pick<Storage, "getItem" | "setItem" | "removeItem">;

export interface Client {
  /** The signed-in user, or `null`. */
  readonly session: Session | null;

  /**
   * Signs in. Without credentials, with init data alone (auto-login). The request is sent once.
   *
   * @throws {DivanError} `password_required` when auto-login is not possible;
   * `invalid_credentials`, `too_many_attempts` and other codes of the server.
   */
  signIn(credentials?: Credentials | AdminCredentials | AutoLogin): Promise<User>;

  /** Signs an administrator in with a passkey, the JSON form of a credential of WebAuthn, instead of a password. */
  signInWithPasskey(passkey: Record<string, unknown>): Promise<User>;

  /**
   * Completes the sign-in of an administrator with a second factor. `challenge` is that of the error
   * `second_factor_required`. The request is sent once.
   *
   * @throws {DivanError} `second_factor_invalid`: another code may be correct;
   * `second_factor_challenge_invalid`: begin with the password again.
   */
  completeSignIn(step: SecondStep): Promise<User>;

  /**
   * Proves the identity of the signed-in administrator again.
   *
   * @throws {DivanError} `invalid_credentials`, `second_factor_invalid`; the tenth ends the session.
   */
  stepUp(proof: IdentityProof): Promise<void>;

  /** Continues with the access token of a response, such as that of the confirmation of a second factor. */
  replaceAccessToken(token: FreshToken): void;

  /** Continues the session of the stored refresh token. Returns `null` if there is none. */
  restore(): Promise<User | null>;

  /** Ends the session on the server and forgets the tokens, also when the server is not reached. */
  signOut(): Promise<void>;

  /** Changes the password. All sessions of the user end, and this client continues with a new one. */
  changePassword(currentPassword: string, newPassword: string): Promise<User>;

  /**
   * Like `fetch` of the browser, with the access token. A 401 for an expired token is repeated once
   * with a new one. Other origins than those of {@link ClientOptions.origins} get no token.
   *
   * @throws {DivanError} `signed_out` when no user is signed in.
   */
  fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;

  /** Sends a request to the Divan server and returns its JSON. */
  request<T = unknown>(method: string, path: string, body?: unknown): Promise<T>;

  /** A valid access token, refreshed if necessary. */
  accessToken(): Promise<string>;

  /** Calls `listener` when a session begins, changes or ends. Returns a function that stops it. */
  onChange(listener: (session: Session | null) => void): () => void;
}

/** Creates a client. A page needs one for each server and audience. */
export declare function createClient(options?: ClientOptions): Client;

/** The session of the default client; a live binding. */
export declare let session: Session | null;
export declare const signIn: Client["signIn"];
export declare const signOut: Client["signOut"];
export declare const changePassword: Client["changePassword"];
export declare const fetch: Client["fetch"];
export declare const accessToken: Client["accessToken"];
export declare const onChange: Client["onChange"];

import type { components } from "../../shared/api.js";
import type { DisabledReason, ErrorReason } from "../webhooks.js";

type Schemas = components["schemas"];
export type Action = Schemas["AuditAction"];
export type Role = Schemas["Role"];
export type ServiceScope = Schemas["ServiceScope"];

/** Texts of the admin panel. A missing one does not compile. */
export interface Texts {
  title: string;
  users: string;
  services: string;
  webhooks: string;
  audit: string;
  account: string;
  signIn: string;
  signOut: string;
  signInHint: string;
  sessionEnded: string;
  language: string;
  skip: string;
  email: string;
  password: string;
  currentPassword: string;
  newPassword: string;
  adminPasswordRule: string;
  passwordChanged: string;
  show: string;
  hide: string;
  save: string;
  cancel: string;
  close: string;
  retry: string;
  loading: string;
  more: string;
  saved: string;
  changePassword: string;
  replaceTitle: string;
  replaceHint: string;
  firstRun: string;
  firstRunTitle: string;
  firstRunHint: string;
  bootstrapToken: string;
  bootstrapTokenHint: string;
  create: string;
  createUser: string;
  createAnother: string;
  search: string;
  searchHint: string;
  anyRole: string;
  anyState: string;
  anySignIn: string;
  hasSignedIn: string;
  neverSignedIn: string;
  anyTelegram: string;
  telegramLinked: string;
  telegramNotLinked: string;
  noUsers: string;
  noUsersHint: string;
  noMatches: string;
  clearFilters: string;
  usersCount: Plural;
  atLeast: string;
  exportAll: string;
  name: string;
  phone: string;
  role: string;
  state: string;
  telegram: string;
  lastSignIn: string;
  never: string;
  notLinked: string;
  roles: Record<Role, string>;
  active: string;
  inactive: string;
  mustChange: string;
  externalId: string;
  externalIdHint: string;
  phoneHint: string;
  emailHint: string;
  metadata: string;
  metadataHint: string;
  metadataInvalid: string;
  createdAt: string;
  updatedAt: string;
  details: string;
  edit: string;
  actions: string;
  security: string;
  failedTrusted: string;
  failedUntrusted: string;
  refused: string;
  notRefused: string;
  unlock: Confirmed;
  deactivate: Confirmed;
  activate: Confirmed;
  reset: Confirmed;
  unlink: Confirmed;
  resetSecondFactor: Confirmed;
  endSessions: Confirmed;
  promote: Confirmed;
  remove: Confirmed;
  endSession: Confirmed;
  removeDevice: Confirmed;
  ownAccount: string;
  generatedTitle: string;
  generatedHint: string;
  secretTitle: string;
  secretHints: Record<"service" | "webhook", string>;
  copy: string;
  copied: string;
  print: string;
  devices: string;
  sessions: string;
  sessionsHint: string;
  noSessions: string;
  devicesHint: string;
  current: string;
  noDevices: string;
  unknownDevice: string;
  lastUsed: string;
  userAudit: string;
  when: string;
  who: string;
  what: string;
  where: string;
  anyAction: string;
  sinceDate: string;
  untilDate: string;
  noEvents: string;
  onlyUser: string;
  unknownUser: string;
  commandLine: string;
  changed: string;
  degraded: string;
  offline: string;
  waitFor: string;
  busy: string;
  failed: string;
  notFound: string;
  requestId: string;
  import: ImportTexts;
  secondFactor: SecondFactorTexts;
  approvals: ApprovalTexts;
  actionNames: Record<Action, string>;
  problems: Record<ProblemCode, string>;
  members: Record<MemberCode, string>;
}

/** Texts of the second factor of administrators. */
export interface SecondFactorTexts {
  title: string;
  hint: string;
  codeHint: string;
  code: string;
  recoveryCode: string;
  recoveryCodeHint: string;
  useCode: string;
  useRecoveryCode: string;
  usePassword: string;
  proveTitle: string;
  proveHint: string;
  confirm: string;
  off: string;
  on: string;
  since: string;
  codesLeft: string;
  setUp: string;
  replace: string;
  requiredTitle: string;
  requiredHint: string;
  scan: string;
  qrCode: string;
  key: string;
  openApp: string;
  firstCode: string;
  turnOn: string;
  expired: string;
  codesTitle: string;
  codesHint: string;
  download: string;
  done: string;
  unsaved: string;
  back: string;
  closeAnyway: string;
  newCodes: Confirmed;
  turnOff: Confirmed;
  passkey: PasskeyTexts;
}

/** Texts of promotions that wait for an approval. */
export interface ApprovalTexts {
  title: string;
  hint: string;
  empty: string;
  requestedBy: string;
  expires: string;
  waits: string;
  approve: Confirmed;
  decline: Confirmed;
  withdraw: Confirmed;
}

/** Texts of the screens that are loaded when they are first opened. */
export interface MoreTexts {
  services: ServiceTexts;
  webhooks: WebhookTexts;
}

/** Texts of webhooks. */
export interface WebhookTexts {
  hint: string;
  create: string;
  empty: string;
  emptyHint: string;
  url: string;
  urlHint: string;
  urlInvalid: string;
  description: string;
  types: string;
  typesHint: string;
  allTypes: string;
  enabled: string;
  disabled: string;
  failing: string;
  since: string;
  disabledReasons: Record<DisabledReason, string>;
  errorReasons: Record<ErrorReason, string>;
  deliveries: string;
  lastSuccess: string;
  neverDelivered: string;
  lastError: string;
  noError: string;
  pending: string;
  created: string;
  createdBy: string;
  test: Confirmed;
  testAgain: string;
  sending: string;
  delivered: string;
  notDelivered: string;
  enable: Confirmed;
  disable: Confirmed;
  replay: Confirmed;
  rotate: Confirmed;
  remove: Confirmed;
}

/** Texts of service credentials. */
export interface ServiceTexts {
  hint: string;
  create: string;
  empty: string;
  emptyHint: string;
  name: string;
  nameHint: string;
  scopes: string;
  scopeHints: Record<ServiceScope, string>;
  addresses: string;
  addressesHint: string;
  addressesInvalid: string;
  anyAddress: string;
  expires: string;
  lastDay: string;
  expiresHint: string;
  expiresInvalid: string;
  noExpiry: string;
  expired: string;
  lastUsed: string;
  neverUsed: string;
  secrets: string;
  secretsHint: string;
  newest: string;
  validUntil: string;
  created: string;
  createdBy: string;
  rotate: Confirmed;
  previousSecret: string;
  keepPrevious: string;
  keepPreviousHint: string;
  endPrevious: string;
  endPreviousHint: string;
  replacesOldest: string;
  removeSecret: Confirmed;
  removeSecretOf: string;
  remove: Confirmed;
}

/** Texts of passkeys. */
export interface PasskeyTexts {
  title: string;
  hint: string;
  signIn: string;
  use: string;
  useHint: string;
  unsupported: string;
  instead: string;
  add: string;
  addHint: string;
  create: string;
  name: string;
  nameHint: string;
  added: string;
  synced: string;
  rename: string;
  renameOf: string;
  removeOf: string;
  remove: Confirmed;
}

/** Texts of the import of users. */
export interface ImportTexts {
  link: string;
  title: string;
  choose: string;
  chooseOther: string;
  drop: string;
  format: string;
  update: string;
  updateHint: string;
  resetAdmins: string;
  resetAdminsHint: string;
  tooLarge: string;
  checking: string;
  errorsCount: Plural;
  errorsHint: string;
  line: string;
  column: string;
  error: string;
  newUsers: string;
  generated: string;
  changes: string;
  change: string;
  unchanged: string;
  endsSessions: string;
  oldPassword: string;
  newPassword: string;
  nothing: string;
  confirm: Plural;
  importing: string;
  progress: string;
  keepOpen: string;
  failed: string;
  done: string;
  uncertain: string;
  passwords: string;
  passwordsHint: string;
  copyAll: string;
  download: string;
  showUsers: string;
  another: string;
  discard: Confirmed;
}

/** Forms of a text with a number (`{n}`), by the category of `Intl.PluralRules`. */
export type Plural = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** An action: its button, and what the confirmation says about `{name}`. */
export interface Confirmed {
  button: string;
  title: string;
  text: string;
}

export type ProblemCode =
  | "invalid_credentials"
  | "token_invalid"
  | "wrong_password"
  | "second_factor_invalid"
  | "passkey_invalid"
  | "passkey_taken"
  | "passkey_not_used"
  | "too_many_passkeys"
  | "too_many_services"
  | "last_service_secret"
  | "too_many_webhooks"
  | "webhooks_not_configured"
  | "passkeys_not_configured"
  | "second_factor_challenge_invalid"
  | "second_factor_enrolment_required"
  | "insufficient_user_authentication"
  | "too_many_attempts"
  | "password_expired"
  | "already_bootstrapped"
  | "bootstrap_token_required"
  | "own_account"
  | "last_admin"
  | "already_admin"
  | "approval_required"
  | "other_administrator_required"
  | "telegram_not_linked"
  | "admin_required"
  | "not_found"
  | "weak_password"
  | "validation_failed"
  | "email_taken"
  | "phone_taken"
  | "external_id_taken"
  | "overloaded"
  | "unavailable"
  | "payload_too_large"
  | "unsupported_media_type"
  | "unreadable_file"
  | "screen_unavailable"
  | "network"
  | "timeout";

export type MemberCode =
  | "required"
  | "empty"
  | "too_long"
  | "name_invalid"
  | "phone_invalid"
  | "email_invalid"
  | "external_id_invalid"
  | "metadata_too_large"
  | "taken"
  | "password_too_short"
  | "password_too_long"
  | "password_too_common"
  | "password_breached"
  | "password_personal"
  | "password_unchanged"
  | "search_too_long"
  | "search_empty"
  | "invalid";

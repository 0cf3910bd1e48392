import { DivanError } from "./error.js";

/** Reads the problem document (RFC 9457) of an error response. */
export async function readProblem(response: Response): Promise<DivanError> {
  const type = response.headers.get("Content-Type") ?? "";
  const retryAfter = seconds(response.headers.get("Retry-After"));
  if (/^\s*application\/problem\+json\s*(;|$)/i.test(type)) {
    const problem = await response.json().catch(() => null);
    if (typeof problem?.code === "string") {
      return new DivanError(problem.code, response.status, {
        retryAfter,
        errors: Array.isArray(problem.errors) ? problem.errors : [],
        requestId: problem.request_id,
        challenge: problem.challenge,
        methods: problem.methods,
        passkey: problem.passkey,
      });
    }
  }
  return new DivanError("unexpected_response", response.status, { retryAfter });
}

function seconds(value: string | null): number | undefined {
  return value !== null && /^\d+$/.test(value) ? Number(value) : undefined;
}

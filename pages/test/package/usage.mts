// Types of the installed package.
import { type Client, type Credentials, createClient, DivanError, type User } from "divan-client";

const client: Client = createClient({ server: new URL("https://divan.example.com"), storage: sessionStorage });
const credentials: Credentials = { phone: "+77011234567", password: "umbrella 77" };
export const user: Promise<User> = client.signIn(credentials);
export const stop: () => void = client.onChange((session) => session?.user.full_name);
export const seconds = (error: unknown): number => (error instanceof DivanError ? (error.retryAfter ?? 0) : 0);
// @ts-expect-error: credentials have a password
void client.signIn({ phone: "+77011234567", pasword: "umbrella 77" });

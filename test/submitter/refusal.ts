import { ClientError, Status } from "nice-grpc";

/** The status and the words with which a call was refused. */
export async function refusalOf(call: Promise<unknown>) {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    return { status: Status[error.code], details: error.details };
  }
  throw new Error("the call was not refused");
}

// The two AWS calls, by plain HTTP. `signed` is a fetch that signs for AWS (Signature Version 4) with credentials from the
// environment: `AwsClient.fetch` of the package aws4fetch, or your own. With the AWS SDK neither function is needed:
// BatchGetSecretValueCommand and PutMetricDataCommand take the same names and data.

import type { Datum, Send } from "./counters.ts";
import { NAMESPACE } from "./counters.ts";
import type { Read } from "./flags.ts";

export type SignedFetch = (url: string, init: RequestInit) => Promise<Response>;

/** What Secrets Manager answers of one call; names as in its API reference. */
interface Batch {
  readonly SecretValues?: readonly { Name?: string; VersionId?: string; SecretString?: string }[];
  readonly Errors?: readonly { SecretId?: string; ErrorCode?: string; Message?: string }[];
}

/** `Read` by BatchGetSecretValue (at most 20 names; a stack has 7 flags). The role needs it on the stack's secrets. */
export function readSecrets(signed: SignedFetch, url: string): Read {
  return async (names) => {
    const response = await signed(url, {
      method: "POST",
      headers: {
        "Content-Type": "application/x-amz-json-1.1",
        "X-Amz-Target": "secretsmanager.BatchGetSecretValue",
      },
      body: JSON.stringify({ SecretIdList: names }),
    });
    if (!response.ok) throw new Error(`the flag store answered HTTP ${response.status}`);
    return textsOf(names, (await response.json()) as Batch);
  };
}

/** The text of each secret that exists. Throws where the answer leaves a name open: not known is not absent. */
export function textsOf(names: readonly string[], answer: Batch): Map<string, string> {
  const found = new Map<string, string>();
  const absent = new Set<string>();
  for (const secret of answer.SecretValues ?? []) {
    if (secret.Name && secret.VersionId) found.set(secret.Name, secret.SecretString ?? "(binary)");
  }
  for (const { SecretId: name = "", ErrorCode: code = "", Message: message = "" } of answer.Errors ?? []) {
    // A secret that is scheduled for deletion has no value either.
    const gone = code.includes("ResourceNotFound") || (code.includes("InvalidRequest") && message.includes("delet"));
    if (!gone) throw new Error(`${name}: ${code}`);
    absent.add(name);
  }
  const open = names.find((name) => !found.has(name) && !absent.has(name));
  if (open !== undefined) throw new Error(`the flag store's answer left out ${open}`);
  return found;
}

/** `Send` by one PutMetricData (at most 1,000 data; a minute of the four domains has under 70). One try. */
export function putMetricData(signed: SignedFetch, url: string): Send {
  return async (data) => {
    const response = await signed(url, {
      method: "POST",
      headers: { "Content-Type": "application/x-www-form-urlencoded" },
      body: formOf(data).toString(),
    });
    if (!response.ok) throw new Error(`CloudWatch answered HTTP ${response.status}`);
  };
}

/** The data as the form that PutMetricData takes. */
export function formOf(data: readonly Datum[]): URLSearchParams {
  const form = new URLSearchParams({ Action: "PutMetricData", Version: "2010-08-01", Namespace: NAMESPACE });
  data.forEach((datum, index) => {
    const at = `MetricData.member.${index + 1}`;
    form.set(`${at}.MetricName`, datum.MetricName);
    datum.Dimensions.forEach(({ Name, Value }, number) => {
      form.set(`${at}.Dimensions.member.${number + 1}.Name`, Name);
      form.set(`${at}.Dimensions.member.${number + 1}.Value`, Value);
    });
    form.set(`${at}.Timestamp`, datum.Timestamp.toISOString());
    form.set(`${at}.Unit`, datum.Unit);
    if (datum.Value !== undefined) form.set(`${at}.Value`, String(datum.Value));
    datum.Values?.forEach((value, number) => form.set(`${at}.Values.member.${number + 1}`, String(value)));
    datum.Counts?.forEach((often, number) => form.set(`${at}.Counts.member.${number + 1}`, String(often)));
  });
  return form;
}

import { SQSClient } from "@aws-sdk/client-sqs";
import { openApp } from "./app.ts";
import { sqsLambda } from "./sqs.ts";

// The same worker as a Lambda function, once for each queue: QUEUE_URL, DATABASE_URL and MAIL_URL are its environment variables.

const { QUEUE_URL = "" } = process.env;

export const handler = sqsLambda(openApp().passwordReset, { client: new SQSClient(), queueUrl: QUEUE_URL });

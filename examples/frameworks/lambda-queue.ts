/** Messages that wait, in place of SQS: `sqs.send(new SendMessageCommand({ QueueUrl, MessageBody }))`. */
export const messages: string[] = [];

export const sendToQueue = async (message: string): Promise<void> => void messages.push(message);

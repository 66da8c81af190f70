import {
  type ArgumentsHost,
  Body,
  type CanActivate,
  Catch,
  Controller,
  type ExceptionFilter,
  type ExecutionContext,
  Module,
  Post,
  Req,
  Res,
  UseFilters,
  UseGuards,
} from "@nestjs/common";
import type { NestExpressApplication } from "@nestjs/platform-express";
import { json, type Request, type Response } from "express";
import {
  type Answer,
  checkSender,
  completed,
  failed,
  fieldsOf,
  MAX_BODY_BYTES,
  requested,
  verified,
} from "./answers.ts";
import { passwordReset } from "./password-reset.ts";

const PATH = "/password_reset";

class SenderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const request = context.switchToHttp().getRequest<Request>();
    checkSender((name) => request.get(name));
    return true;
  }
}

@Catch()
class ProblemFilter implements ExceptionFilter {
  catch(error: unknown, host: ArgumentsHost): void {
    send(host.switchToHttp().getResponse<Response>(), failed(error));
  }
}

// Bodies are `unknown`: a class here would let a global ValidationPipe turn what is no string into one.
@Controller(PATH)
@UseGuards(SenderGuard)
@UseFilters(ProblemFilter)
export class PasswordResetController {
  @Post()
  async request(@Body() body: unknown, @Req() req: Request, @Res() res: Response): Promise<void> {
    const { email } = fieldsOf(body);
    const { ip } = req;
    const locale = req.get("Accept-Language");
    send(res, requested(await passwordReset.requestReset({ email, ip, locale })));
  }

  @Post("verify")
  async verify(@Body() body: unknown, @Res() res: Response): Promise<void> {
    const { token } = fieldsOf(body);
    send(res, await verified(await passwordReset.verifyToken(token)));
  }

  @Post("complete")
  async complete(@Body() body: unknown, @Req() req: Request, @Res() res: Response): Promise<void> {
    const { token, password } = fieldsOf(body);
    const locale = req.get("Accept-Language");
    send(res, completed(await passwordReset.completeReset({ token, newPassword: password, locale })));
  }
}

@Module({ controllers: [PasswordResetController] })
export class PasswordResetModule {}

/** To be called in main.ts, before `app.listen`: Nest reads bodies before its guards run. */
export function limitResetBodies(app: NestExpressApplication): void {
  const parse = json({ limit: MAX_BODY_BYTES, inflate: false });
  // In a function of its own: Nest leaves its parser out for all routes when it finds one that is called jsonParser.
  app.use(PATH, (req: Request, res: Response, next: () => void) =>
    parse(req, res, (error?: unknown) => (error ? send(res, failed(error)) : next())),
  );
}

const send = (res: Response, { status, headers, body }: Answer): void => {
  res.status(status).set(headers).json(body);
};

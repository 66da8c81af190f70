// @ts-check
// The modules of @oslojs that the core imports, and nothing else.
import "@oslojs/crypto/hmac";
import "@oslojs/crypto/sha1";
import "@oslojs/crypto/sha2";
import "@oslojs/crypto/subtle";
import "@oslojs/encoding";

/* AES-CMAC (NIST SP 800-38B) over AES-128 (FIPS 197). */
#ifndef CRYPTO_H
#define CRYPTO_H
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif
void cmac(const uint8_t key[16], const uint8_t *text, int size, uint8_t mac[16]);
#ifdef __cplusplus
}
#endif
#endif

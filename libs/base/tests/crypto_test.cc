#include "trigpoint/base/crypto.h"

#include <gtest/gtest.h>

#include <string>

#include "trigpoint/base/digest.h"

namespace trigpoint {
namespace {

std::string Hex(std::string_view digits) { return *HexDecode(digits); }

// RFC 4231, test case 2.
TEST(HmacSha256, IsThatOfTheStandard) {
  EXPECT_EQ(HexEncode(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

// The GCM specification of McGrew and Viega, test case 16.
TEST(AesGcm, IsThatOfTheStandard) {
  const std::string key = Hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
  const std::string nonce = Hex("cafebabefacedbaddecaf888");
  const std::string aad = Hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
  const std::string text = Hex(
      "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6"
      "b525b16aedf5aa0de657ba637b39");
  const std::string sealed = AesGcmSeal(key, nonce, aad, text);
  EXPECT_EQ(
      HexEncode(sealed),
      "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1"
      "056828838c5f61e6393ba7a0abcc9f662"
      "76fc6ece0f4e1768cddf8853bb2d551b");
  EXPECT_EQ(AesGcmOpen(key, nonce, aad, sealed), text);
}

TEST(AesGcm, OpensNothingThatIsNotWholeAndItsOwn) {
  const std::string key(kAesGcmKeyBytes, 'k');
  const std::string nonce(kAesGcmNonceBytes, 'n');
  const std::string sealed = AesGcmSeal(key, nonce, "about", "text");
  EXPECT_EQ(AesGcmOpen(key, nonce, "about", sealed), "text");
  EXPECT_EQ(AesGcmOpen(key, nonce, "", AesGcmSeal(key, nonce, "", "")), "");
  EXPECT_EQ(AesGcmOpen(key, nonce, "other", sealed), std::nullopt);
  EXPECT_EQ(AesGcmOpen(std::string(kAesGcmKeyBytes, 'x'), nonce, "about", sealed), std::nullopt);
  EXPECT_EQ(AesGcmOpen(key, std::string(kAesGcmNonceBytes, 'x'), "about", sealed), std::nullopt);
  EXPECT_EQ(AesGcmOpen(key, "short", "about", sealed), std::nullopt);
  EXPECT_EQ(AesGcmOpen(key, nonce, "about", sealed.substr(1)), std::nullopt);
  EXPECT_EQ(AesGcmOpen(key, nonce, "about", "less than a tag"), std::nullopt);
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string bent = sealed;
    bent[i] = static_cast<char>(bent[i] ^ 1);
    EXPECT_EQ(AesGcmOpen(key, nonce, "about", bent), std::nullopt) << i;
  }
}

TEST(RandomBytes, AreOthersEachTime) {
  EXPECT_EQ(RandomBytes(16)->size(), 16U);
  EXPECT_NE(*RandomBytes(16), *RandomBytes(16));
}

}  // namespace
}  // namespace trigpoint

#include "cli/qr_text.h"

#include <qrencode.h>

#include <memory>

namespace kith::cli {
namespace {

constexpr int kBorder = 4;  // modules; ISO/IEC 18004

struct FreeCode {
    void operator()(QRcode* code) const { QRcode_free(code); }
};

bool is_light(const QRcode& code, int row, int column) {
    if (row < 0 || column < 0 || row >= code.width || column >= code.width) {
        return true;
    }
    return (code.data[row * code.width + column] & 1U) == 0;
}

}  // namespace

std::string qr_text(std::string_view content) {
    if (content.empty() || content.size() > kQrBytesMax) {
        return {};
    }
    const std::unique_ptr<QRcode, FreeCode> code(
        QRcode_encodeString8bit(std::string(content).c_str(), 0, QR_ECLEVEL_L));
    if (code == nullptr) {
        return {};
    }
    std::string text;
    for (int row = -kBorder; row < code->width + kBorder; row += 2) {
        for (int column = -kBorder; column < code->width + kBorder; ++column) {
            const bool above = is_light(*code, row, column);
            // The width is odd: the last line has one row only.
            const bool below = row + 1 < code->width + kBorder && is_light(*code, row + 1, column);
            text += above ? (below ? "\u2588" : "\u2580") : (below ? "\u2584" : " ");
        }
        text += '\n';
    }
    return text;
}

}  // namespace kith::cli
